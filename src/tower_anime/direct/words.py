"""Which words may be added to a prompt, whoever proposes them.

An addition never takes away or contradicts what the user asked for: no negations, no counts of
people, no syntax of prompt engines, nothing that the user or the project excludes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

MAX_ADDITION_CHARS = 160  # a tag group or one sentence
_SYNTAX = re.compile(r"[<>{}\[\]()|\\\n\r\t\0;`$#@]|:\s*\d|\bBREAK\b|\bAND\b|embedding:|https?:")
_NEGATION = re.compile(
    r"\b(no|not|without|never|remove|removed|instead|replace|except|ignore|disregard|delete|"
    r"exclude)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\b(\d+\s*\+?\s*(girl|boy|other|person|people|wom[ae]n|m[ae]n|child|children|character)s?|"
    r"multiple (girls|boys|people|views)|solo|couple|crowd|group|two|three|four|duo|trio|nobody|"
    r"no humans)\b",
    re.IGNORECASE,
)
_LITTLE = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "and",
        "or",
        "with",
        "by",
        "for",
        "from",
        "her",
        "his",
    )
)


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a prompt, lower case; underscores of tags read as spaces."""
    return tuple(re.findall(r"\w+", text.lower().replace("_", " ")))


def content(text: str) -> frozenset[str]:
    """Return the words that carry meaning."""
    return frozenset(tokens(text)) - _LITTLE


def survives(original: str, enhanced: str) -> bool:
    """Whether every word of `original` is in `enhanced`, in its order and without gaps."""
    wanted, found = tokens(original), tokens(enhanced)
    width = len(wanted)
    return any(found[at : at + width] == wanted for at in range(len(found) - width + 1))


def objection(words: str, *, excluded: Iterable[str] = ()) -> str | None:
    """Return why these words can't be added to a prompt, None if they can.

    `excluded` are phrases that the picture must not show: an addition that has all the words of
    one is refused.
    """
    text = words.strip()
    if not tokens(text):
        return "there are no words in it"
    if len(text) > MAX_ADDITION_CHARS:
        return f"it has more than {MAX_ADDITION_CHARS} characters"
    if _SYNTAX.search(text):
        return "it holds characters with a meaning to prompt engines"
    if _NEGATION.search(text):
        return "it takes something away"
    if _COUNT.search(text):
        return "it says how many are in the picture"
    said = content(text)
    for phrase in excluded:
        unwanted = content(phrase)
        if unwanted and unwanted <= said:
            return f"{phrase.strip()!r} is excluded"
    return None


def objection_to_avoiding(words: str, *, wanted: Collection[str]) -> str | None:
    """Return why these words can't go into the negative prompt, None if they can.

    `wanted` are the words of the prompt: to exclude one of them would take it away.
    """
    text = words.strip()
    if not tokens(text):
        return "there are no words in it"
    if len(text) > MAX_ADDITION_CHARS:
        return f"it has more than {MAX_ADDITION_CHARS} characters"
    if _SYNTAX.search(text):
        return "it holds characters with a meaning to prompt engines"
    lost = sorted(content(text) & set(wanted))
    return f"it would exclude {lost[0]!r}, which is asked for" if lost else None
