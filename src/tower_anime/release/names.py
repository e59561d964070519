"""Titles as names of files and folders that media servers read back as they were meant.

Their scanners take a name apart at tokens of releases (`1080p`, `x264`, `S01`, `French`), dashes,
brackets and years. A name made here is plain words without those; the NFO has the whole title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby

MAX_NAME_BYTES = 120  # file systems allow 255 bytes for a name; leaves room for what follows
MAX_WORD_CHARS = 40
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{n}{i}" for n in ("COM", "LPT") for i in range(10))}
)

_RELEASE_WORDS = """
aac ac ahdtv alternative asf asrequested atmos avc avi bd bdrip bluray bonus cam camera cc cd
classic collector colorized complet complete convert criterion customsub customsubbed customsubs
dc dd ddc ddp deluxe directors dirfix disc divx dl dm docu doku dolby dolbydigital dolbyvision
dovi dsr dth dts dtsx dual dv dvb dvd dvdivx dxva edition enc extended extras fan fansub fastsub
feature festival fhd final fix fixed flac flv hardsub hd hdcam hdlight hdr hdrip hdtv hevc hfr
hou hq hr hsbs hybrid idx imax internal intégrale iso lame laserdisc ld ldtv limited lpcm mbcvod
md mhd minisode minisodes mka mkv mono mov mpeg mpg multi multiple nced ncop nfofix ntsc nzb oad
oar oav ogg ogm ogv om ona ops ov ova pal pcm postbot ppv preair proof prooffix proper qt ra ram
rar rc real reencoded remaster remastered remux repack rerip restore restored retail rip rm
sample satrip screener sdr secam soft special srt ssa stereo stv sub subbed subforced subs
subtitle subtitles tc telecine telesync theatrical torrent trailer truehd ts uhd uhdbluray ultra
uncensored uncut unrated upscaled vfr vhs vita vo vob vod vorbis vost vr wav web webrip
widescreen wma wmv workprint wp ws xpost xvid xxx
"""
_PART_WORDS = """
afl aflevering avsnitt bolum bölüm capitulo capitulos chapter e ep episode episodes episodio
episodios episodul eps evad folge odcinek part rész s saison saisons season seasons seizoen
seria serii serija sesong sezon sezonul staffel stagione säson säsong tem temp temporada
temporadas vol volume x épisode épisodes évad сезон серии серия эпизод シリーズ シーズン
"""
_LANGUAGE_WORDS = """
au audio australia br brazilian castellano catalan català ces cs cz czech deu dub dubbed dublado
dutch en eng english es esp espanol español esub esubs flemish fr fra français french gb german
heb hebrew hi hin hindi hu hun hungarian ita italian ja japanese jp jpn ko kor korean legenda
legendado legendas mul nl nld nor norwegian pb pl po pob pol polish portuguese pt ptbr ro
romanian ron ru rus russian se spa spanish st subtitulado sv swe swedish swissgerman te tel
telugu ua uk ukr ukrainian und us vf vff vfi vfq ая го е из й ое ый я
"""
_TOKENS = frozenset((_RELEASE_WORDS + _PART_WORDS + _LANGUAGE_WORDS).split())
"""Words that `guessit` 4.4 takes for something else than a title; found by trying its own."""

_PART_IN_KANJI = re.compile("第?[零〇一二三四五六七八九十百两]+[話话集季期回章部]")
_LONG_RUN = re.compile(r"[^\W\d_]{4,}")


def file_name(text: str) -> str:
    """Return `text` as a name that every common file system takes; never empty."""
    plain = unicodedata.normalize("NFC", text)
    plain = "".join(char if char.isprintable() else " " for char in plain)
    plain = re.sub(r'[\\/:*?"<>|\[\]]+', " ", plain)
    plain = re.sub(r"\s+", " ", plain).strip(" .")
    plain = plain.encode()[:MAX_NAME_BYTES].decode(errors="ignore").rstrip(" .,")
    if not plain or plain.upper() in _RESERVED:
        return f"Untitled {plain}".strip()
    return plain


def title_name(title: str, *, max_chars: int = 100) -> str:
    """Return a title as plain words that a scanner takes for a title; never empty.

    A title of which nothing is left gets a name that is the same for the same title only.
    """
    words = [word for word in _plain(title).split() if _is_title_word(word)]
    words = _letters_joined(sorted(words, key=_has_foreign_letter))
    name = ""
    for word in words:
        longer = f"{name} {word[:MAX_WORD_CHARS]}".strip()
        if len(longer) > max_chars or len(longer.encode()) > MAX_NAME_BYTES:
            break
        name = longer
    if not name or name.upper() in _RESERVED:
        return f"Untitled {_pronounceable(title)}"
    return name


def one_of_several(name: str, take: int) -> str:
    """Return the name of the `take`-th work of one name, counted from 1."""
    if take == 1:
        return name
    words = (*name.split(), *_in_words(take).split())
    return " ".join(sorted(words, key=_has_foreign_letter))


def _plain(title: str) -> str:
    """Keep letters, digits, marks and apostrophes within words."""
    text = unicodedata.normalize("NFC", title).replace("’", "'")
    kept = "".join(char if _is_plain(char) else " " for char in text)
    return re.sub(r"(?<![^\W\d_])'|'(?![^\W\d_])", " ", kept)


def _is_plain(char: str) -> bool:
    return char == "'" or unicodedata.category(char) in _PLAIN


_PLAIN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})


def _is_title_word(word: str) -> bool:
    if not any(char.isdigit() for char in word):
        return word.casefold() not in _TOKENS and not _PART_IN_KANJI.search(word)
    return bool(_LONG_RUN.search(word))


def _letters_joined(words: Sequence[str]) -> list[str]:
    """Join single letters in a row: apart they are read as an abbreviation."""
    joined: list[str] = []
    for alone, group in groupby(words, key=lambda word: len(word) == 1):
        several = list(group)
        joined += ["".join(several)] if alone else several
    return [word for word in joined if _is_title_word(word)]


def _has_foreign_letter(word: str) -> bool:
    """Whether a word is not Latin; in front of Latin ones it is read as another title."""
    return any(
        char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in word
    )


_CONSONANTS, _VOWELS = "bdfgklmnprst", "aeiou"


def _pronounceable(text: str) -> str:
    """Return six letters that stand for `text`."""
    number = int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
    letters = []
    for position in range(6):
        alphabet = _VOWELS if position % 2 else _CONSONANTS
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters).capitalize()


_NUMBERS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def _in_words(number: int) -> str:
    """Return a number in letters: digits at the end of a name mean an episode to some."""
    if number <= len(_NUMBERS):
        return _NUMBERS[number - 1]
    return " ".join(_NUMBERS[int(digit) - 1] if digit != "0" else "Zero" for digit in str(number))
