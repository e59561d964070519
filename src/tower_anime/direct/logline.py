"""What a sentence about a story holds, by rules: deeds in their order, people, places, things.

There is no model of language in it: short lists of words and their endings. What they don't know
stays whole, so that no word of the sentence is lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that happens: `text` as it was said, `picture` in words for a picture.

    `subject` does it; `place` and `thing` are what the text names, empty where it names none.
    """

    text: str
    picture: str
    subject: str
    place: str
    thing: str


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LITTLE = _listed(
    """
    a an the this that these those his her its their my our your some every each one two
    three four five six seven many few of in on at by to from with without into onto through
    across under beneath over above behind beside between among toward towards against
    around along inside outside near off out up down for as and or but nor who whom whose
    which what it he she they him them himself herself itself themselves must can could may
    might will would shall should be is are was were been being has have had do does did not
    no never only still again very
    """
)
_DETERMINERS = _listed(
    """
    a an the this that these those his her its their my our your some every each one two
    three four five six seven many few
    """
)
_COUNTS = _listed("one two three four five six seven many few some")
_PRONOUNS = _listed("he she they it who")
_MODALS = _listed("must can could may might will would shall should cannot")
_BEING = _listed("is are was were be been has have had do does did")
_PLACING = _listed(
    """
    in on at inside through across under beneath over above into onto along around behind
    beside near toward towards
    """
)
_RELATIVE = _listed("that without of with where beneath under above on in at by")
_JOINTS = _listed("and but then until while when before after because so yet")

_VERBS = _listed(
    """
    abandon accept answer arrive ask awaken battle become befriend begin betray bring build burn
    bury call carry catch cause challenge change chase choose climb collect come confront
    control cook copy cover create cross cry dance dare deal decide defeat defend deliver
    descend destroy die discover dive draw dream drift drive drop eat end enter escape
    explore face fade fail fall feed fight fill find fix flee float fly follow forget
    forgive freeze gather get give go grow guard guide hate haunt have hear heal help hide
    hold hunt inherit invent invite join jump keep kill kiss know land laugh lead learn
    leave let lie lift light listen live look lose love make marry meet melt mend miss move
    need offer open paint pay plan plant play promise protect prove pull push race raise
    reach read realize rebuild receive reflect refuse rehearse remember remain repair
    replace rescue return reveal ride rise rob rule run sail save search see seek sell send
    serve set share shine sing sink sit sleep smuggle solve speak spend stand start stay
    steal stop struggle study summon survive swim take talk teach tell think throw touch
    track trade trail train transform trap travel trust try turn uncover understand unite
    unlock visit vow wait wake walk wander want warn wash watch win wish witness work write
    """
)
_PLACES = _listed(
    """
    academy airport alley apartment arcade arena attic bakery balcony bar bathhouse bay
    beach bedroom bookshop border bridge cabin cafe café campus canal canyon castle
    cathedral cave cellar chamber church city classroom cliff clinic club coast colony
    corridor cottage courtyard crater desert district dock dojo dungeon embassy empire
    estate factory farm festival field forest fortress garage garden gate glacier greenhouse
    gym hall harbor harbour hill hospital hotel house inn island jungle kingdom kitchen
    labyrinth laboratory lab lake library lighthouse mansion market meadow mine monastery
    moon mountain mountains museum nest observatory ocean office orchard orphanage palace
    park parlor pier planet plain planetarium port prison pub quarry railway realm
    restaurant river road roof rooftop room ruin ruins school sea seabed ship shipyard shop
    shore shrine sky space square stable stadium station street streets studio submarine
    suburb swamp tavern temple theater theatre tower town tokyo train tunnel underworld
    university valley village volcano warehouse wasteland well wilderness wood woods
    workshop world yard zoo
    """
)
_INSIDE = _listed(
    """
    academy apartment arcade attic bakery bar bathhouse bedroom bookshop cabin cafe café
    cathedral cellar chamber church classroom clinic club corridor dojo dungeon embassy
    factory garage greenhouse gym hall hospital hotel house inn kitchen laboratory lab
    library mansion monastery museum observatory office orphanage palace parlor planetarium
    prison pub restaurant room school shop stable station studio submarine tavern theater
    theatre train university warehouse workshop
    """
)
_PEOPLE = _listed(
    """
    actress alchemist android angel apprentice archer archivist artist assassin astronaut
    baker bandit bard blacksmith boy boys boxer brother brothers butler captain caretaker
    cat chef child children clerk clockmaker conductor courier cyborg dancer daughter demon
    detective diver doctor dog dragon driver elf emperor engineer exorcist explorer farmer
    father fisherman fox friend friends gardener general ghost girl girls goddess golem
    guard hacker heir hero heroine hunter idol inventor investigator janitor keeper king
    knight librarian lighthouse-keeper magician maid man mechanic medic men mercenary
    merchant mermaid messenger miner monk mother musician ninja nurse officer orphan orphans
    outlaw painter pianist pilot pirate poet postman priest priestess prince princess
    prisoner queen ranger rival robot sailor samurai scavenger schoolgirl scientist sergeant
    shepherd singer sister sisters sniper soldier son sorcerer spirit spy stranger student
    students survivor swordsman swordswoman teacher thief translator traveler traveller twin
    twins vampire violinist wanderer warrior weaver wizard witch wolf woman women writer
    """
)
_UNSEEN = _listed(
    """
    answer call chance choice courage day days death fate fear freedom friendship future
    home hope identity justice life lives love luck memories memory name nothing past peace
    power price promise question revenge secret secrets silence soul story time truth war
    way word words year years
    """
)
_SEVERAL = _listed("they we you i men women children people")
_NO_VERBS = _listed("his its this always perhaps towards was is has does us")


@cache
def deeds(told: str) -> tuple[Deed, ...]:
    """Return what happens, in the order in which it is told; at least one unless it is empty."""
    found, subject = list[Deed](), ""
    for clause in _clauses(told):
        words = clause.split()
        verb = _verb_at(words)
        own = " ".join(_unhedged(words[:verb])) if verb else ""
        if own and not (set(_plain(own)) <= _PRONOUNS):
            subject = own
        elif verb is not None and subject:  # `he`, or nobody named: whoever it was before
            words = [*subject.split(), *words[verb:]]
            verb = len(subject.split())
        text = " ".join(words)
        found.append(
            Deed(
                text=text,
                picture=_picture(words, verb),
                subject=_somebody(subject or ("" if verb is not None else text)),
                place=_place(words, verb),
                thing=_thing(words, verb),
            )
        )
    return tuple(found)


def _unhedged(words: list[str]) -> list[str]:
    while words and _word(words[-1]) in ("never", "still", "only", "again", "not"):
        words = words[:-1]
    return words


def sentence(told: Sequence[Deed]) -> str:
    """Return deeds as sentences that `deeds` reads back."""
    return " ".join(f"{one.text[:1].upper()}{one.text[1:]}." for one in told)


def is_inside(place: str) -> bool:
    """Whether a place has a roof, by its last noun that is known."""
    nouns = [word for word in _plain(place) if word in _PLACES]
    return bool(nouns) and nouns[0] in _INSIDE


def is_place(words: str) -> bool:
    """Whether a place is meant, as far as the list tells."""
    return any(word in _PLACES for word in _plain(words))


def is_person(words: str) -> bool:
    """Whether somebody is meant, as far as lists and capitals tell."""
    return any(word in _PEOPLE for word in _plain(words)) or "named" in _plain(words)


# ---- clauses --------------------------------------------------------------------------------


def _clauses(told: str) -> list[str]:
    plain = re.sub(r"[{}<>|\[\]()\"“”\\\n\r\t]+", " ", told)
    found = list[str]()
    for said in _SENTENCE_END.split(plain):
        found += _parts_of(said.strip(" .!?;。！？"))
    return [one for one in found if re.search(r"\w", one)]


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|[;。！？]\s*|\s+[–—]\s+|:\s+")
_OPENING = re.compile(
    r"^(and|but|then|so|yet|when|while|after|before|as|because|although|though|once|if)\s+",
    re.IGNORECASE,
)


def _parts_of(said: str) -> list[str]:
    """Divide at commas and joining words wherever both sides say what happens."""
    parts = [""]
    for piece in re.split(r"(?:,|、)\s*", said):
        for position, part in enumerate(_at_joints(piece.split())):
            text = " ".join(part)
            whole = _verb_at(parts[-1].split()) is not None and _verb_at(part) is not None
            if whole:
                parts.append(text)
            elif position:
                parts[-1] = f"{parts[-1]} {text}"
            else:
                parts[-1] = f"{parts[-1]}, {text}".strip(" ,")
    return [_OPENING.sub("", part) for part in parts]


def _at_joints(words: list[str]) -> list[list[str]]:
    """Split before joining words that begin a clause of their own; without these words."""
    parts, since = list[list[str]](), 0
    for at, word in enumerate(words):
        if at <= since or word.lower() not in _JOINTS:
            continue
        rest = words[at + 1 :]
        verb = _verb_at(rest)
        if verb is None or verb > _FAR or _verb_at(words[since:at]) is None:
            continue
        parts.append(words[since:at])
        since = at + 1
    return [*parts, words[since:]]


_FAR = 5  # words between a joining word and its verb; beyond, the verb belongs to something else


def _verb_at(words: Sequence[str]) -> int | None:
    """Return where the sentence's verb is: not one of a relative clause; None without one."""
    plain = [_word(word) for word in words]
    relative = False
    for at, word in enumerate(plain):
        if word in ("who", "that", "which", "whose", "where") and at:
            relative = True
            continue
        before = plain[at - 1] if at else ""
        if not _is_verb(plain, at) or before in _DETERMINERS or before == "to":
            continue
        if relative:
            relative = False
            continue
        return at
    return None


def _is_verb(plain: Sequence[str], at: int) -> bool:
    word, before = plain[at], plain[at - 1] if at else ""
    if word in _MODALS or word in _BEING:
        return True
    if word in _VERBS:  # also a noun, most of them: a verb after those who are several
        several = before.endswith("s") or before in _SEVERAL or "and" in plain[:at]
        return several and word not in _PLACES
    if _base(word) is not None:
        return True
    after = plain[at + 1] if at + 1 < len(plain) else ""
    shaped = len(word) > 3 and word.endswith(("s", "ed")) and not word.endswith(("ss", "us"))
    return bool(
        at
        and shaped
        and word not in _NO_VERBS
        and word not in _PLACES
        and word not in _PEOPLE
        and after in _DETERMINERS
        and before not in _LITTLE
    )


@cache
def _base(word: str) -> str | None:
    """Return the plain form of a known verb in its third person or plain form."""
    if word in _VERBS:
        return word
    for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
        stem = word.removesuffix(ending) + instead
        if word.endswith(ending) and stem in _VERBS:
            return stem
    return None


# ---- pictures -------------------------------------------------------------------------------

_DOUBLED = _listed("begin control get hug let plan rob run set sit stop swim trap win")


def _picture(words: Sequence[str], verb: int | None) -> str:
    """Return what a picture shows of it: `finds a city` as `finding a city`."""
    if verb is None:
        return _bare(" ".join(words))
    rest = list(words[verb:])
    while len(rest) > 1 and _word(rest[0]) in _MODALS | _BEING | {"not", "never", "only", "to"}:
        rest = rest[1:]
    base = _base(_word(rest[0]))
    return " ".join([_ing(base), *rest[1:]] if base else rest)


def _ing(base: str) -> str:
    if base in _DOUBLED:
        return f"{base}{base[-1]}ing"
    if base in ("die", "lie", "tie"):
        return f"{base[:-2]}ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return f"{base[:-1]}ing"
    return f"{base}ing"


def _place(words: Sequence[str], verb: int | None) -> str:
    """Return the place with its own words: `city that forgot the sun`."""
    plain = [_word(word) for word in words]
    for at, word in enumerate(plain):
        known = word in _PLACES and at != verb
        if not known or (at and plain[at - 1] not in _LITTLE and _base(plain[at - 1]) is not None):
            continue
        after = plain[at + 1] if at + 1 < len(plain) else ""
        if {after, after.removesuffix("s")} & (_PLACES | _PEOPLE):
            continue  # `school teachers`, `train station`
        return " ".join((*_before(words, at), words[at].strip(",.;"), *_after(words, at)))
    for at, word in enumerate(plain[:-1]):
        if word in _PLACING and at:
            noun = _noun_after(words, at)
            if noun and not set(_plain(noun)) & (_PEOPLE | _UNSEEN | _PRONOUNS):
                return noun
    return ""


def _thing(words: Sequence[str], verb: int | None) -> str:
    """Return what could be shown close: the first noun after the verb that is a thing."""
    for at in range((verb or 0) + 1, len(words)):
        if _word(words[at]) in ("that", "who", "which", "whose", "where", "without"):
            break  # what is said of something need not be there
        if _word(words[at]) in _DETERMINERS:
            noun = _noun_after(words, at - 1)
            kinds = set(_plain(noun))
            if noun and not kinds & (_PEOPLE | _PLACES | _UNSEEN | _PRONOUNS):
                return noun
    return ""


def _noun_after(words: Sequence[str], at: int) -> str:
    """Return the words from here up to the next little word, without the leading ones."""
    found = list[str]()
    for word in words[at + 1 :]:
        if _word(word) in _LITTLE or _word(word) in _JOINTS:
            if found or _word(word) not in _DETERMINERS:
                break
            continue
        found.append(word.strip(",.;"))
        if word.endswith((",", ".", ";")) or len(found) == _LONGEST_NOUN:
            break
    return " ".join(found)


_LONGEST_NOUN = 4


def _before(words: Sequence[str], at: int) -> list[str]:
    found = list[str]()
    for word in reversed(words[max(0, at - 3) : at]):
        if _word(word) in _LITTLE or _base(_word(word)) is not None or word.endswith(","):
            break
        found.insert(0, word)
    return found


def _after(words: Sequence[str], at: int) -> list[str]:
    """Return what says more of a noun: `that forgot the sun`, `of glass`."""
    if words[at].endswith((",", ".")) or at + 1 >= len(words):
        return []
    first = _word(words[at + 1])
    if first not in _RELATIVE:
        return []
    found = [words[at + 1]]
    for word in words[at + 2 : at + 8]:
        if _word(word) in ("to", "for", "from", "through", "into", "and", "but", "who", "while"):
            break
        found.append(word.strip(",.;"))
        if word.endswith((",", ".")):
            break
    return found if len(found) > 1 else []


def _somebody(subject: str) -> str:
    """Return who it is: not where (`In a flooded Tokyo, a boy`), not which (`a`, `her`)."""
    first, _, others = subject.partition(", ")
    return _bare(others if others and _word(first.split()[0]) in _PLACING else subject)


def _bare(text: str) -> str:
    """Return a phrase without its leading little words; how many there are stays."""
    words = text.split()
    while words and _word(words[0]) in _LITTLE - _COUNTS:
        words = words[1:]
    return " ".join(words).strip(" ,.")


def _word(word: str) -> str:
    return word.strip(",.;:!?'’\"").lower()


def _plain(text: str) -> list[str]:
    return [_word(word) for word in text.split()]
