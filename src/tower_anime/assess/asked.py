"""What the words of a prompt ask for: tags and sentences, weights, negations, the negative prompt.

Reads what people write for diffusion models: booru tags with underscores, emphasis in brackets
(`(dark:1.3)`, `((dark))`, `[dark]`, `{dark}`), `<lora:name:0.8>`, and plain sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Rule:
    """Words, and what they forgive: defect kind → share (0–1)."""

    pattern: re.Pattern[str]
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Relaxation:
    """Defect kind → share (0–1) that is forgiven, and → the words that ask for it."""

    shares: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]


NOTHING = Relaxation(MappingProxyType({}), MappingProxyType({}))


def rule(words: str, shares: Mapping[str, float], *, unless: str = "", after: str = "") -> Rule:
    """Return a rule for whole words, where a hyphen belongs to the word.

    `words` and `unless` (what may not follow) are alternatives of a regular expression, `after`
    (what may not stand before) plain words.
    """
    behind = rf"(?![\s-]+(?:{unless})\b)" if unless else ""
    before = "".join(rf"(?<!\b{word} )" for word in after.split("|")) if after else ""
    pattern = re.compile(rf"(?<![\w-]){before}(?:{words})(?![\w-]){behind}", re.IGNORECASE)
    return Rule(pattern, MappingProxyType(dict(shares)))


def read(prompt: str, negative: str, rules: Iterable[Rule]) -> Relaxation:
    """Return what a prompt asks for by these rules; of several words the most forgiving counts.

    A word of weight w forgives 1 − (1 − share)^w: the usual share at 1, less below, more above,
    nothing at 0. What is negated in a sentence, or stands in the negative prompt as well, asks
    for nothing.
    """
    unwanted = plain(negative)
    parts = tuple(_weighted(prompt))
    shares: dict[str, float] = {}
    words: dict[str, dict[str, None]] = {}
    for each in rules:
        for text, weight in parts:
            for found in each.pattern.finditer(text):
                if weight <= 0 or _is_negated(text, found.start()):
                    continue
                if _stands_in(found.group(), unwanted):
                    continue
                for kind, share in each.shares.items():
                    forgiven = 1.0 - (1.0 - share) ** weight
                    shares[kind] = round(max(forgiven, shares.get(kind, 0.0)), 4)
                    words.setdefault(kind, {})[found.group().casefold()] = None
    return Relaxation(shares, {kind: tuple(found) for kind, found in words.items()})


def joined(one: Relaxation, other: Relaxation) -> Relaxation:
    """Return what either forgives, the larger share of each kind."""
    kinds = dict.fromkeys((*one.shares, *other.shares))
    return Relaxation(
        {kind: max(one.shares.get(kind, 0.0), other.shares.get(kind, 0.0)) for kind in kinds},
        {
            kind: tuple(dict.fromkeys((*one.words.get(kind, ()), *other.words.get(kind, ()))))
            for kind in kinds
            if kind in one.words or kind in other.words
        },
    )


def plain(prompt: str) -> str:
    """Return a prompt's words without weights and brackets, the underscores of tags as spaces."""
    return ", ".join(text for text, weight in _weighted(prompt) if weight > 0)


# ---- weights --------------------------------------------------------------------------------

_EXTRA = re.compile(r"<[^<>]{1,200}>")  # <lora:…>, <lyco:…>: names, not wishes
_TOKEN = re.compile(r"\\[()\[\]{}]|[()\[\]{}]|:\s*(-?\d+(?:\.\d+)?)\s*(?=\))")
_STEPS = {"(": 1.1, "[": 1 / 1.1, "{": 1.05}
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_MAX_WEIGHT = 3.0
_MAX_DEPTH = 40


def _weighted(prompt: str) -> Iterator[tuple[str, float]]:
    """Yield the parts of a prompt with their weights; unbalanced brackets do no harm."""
    text = _EXTRA.sub(" ", prompt).replace("_", " ")
    tokens = list(_TOKEN.finditer(text))
    weights = _explicit(tokens)
    stack: list[tuple[str, float]] = []
    at = 0
    for number, token in enumerate(tokens):
        if piece := text[at : token.start()]:
            yield piece, _product(stack)
        at = token.end()
        mark = token.group()
        if mark in _STEPS and len(stack) < _MAX_DEPTH:
            stack.append((mark, weights.get(number, _STEPS[mark])))
        elif mark in _CLOSERS and stack and stack[-1][0] == _CLOSERS[mark]:
            stack.pop()
    if piece := text[at:]:
        yield piece, _product(stack)


def _explicit(tokens: list[re.Match[str]]) -> dict[int, float]:
    """Return the number of each opening bracket whose group states its own weight."""
    found: dict[int, float] = {}
    open_: list[int] = []
    stated: float | None = None
    for number, token in enumerate(tokens):
        mark = token.group()
        if token.group(1) is not None:
            stated = float(token.group(1))
        elif mark in _STEPS:
            open_.append(number)
            stated = None
        elif mark in _CLOSERS and open_:
            begin = open_.pop()
            if stated is not None and mark == ")":
                found[begin] = stated
            stated = None
    return found


def _product(stack: list[tuple[str, float]]) -> float:
    product = 1.0
    for _, weight in stack:
        product *= weight
    return min(product, _MAX_WEIGHT)


# ---- negation -------------------------------------------------------------------------------

_NEGATED = re.compile(
    r"(?:\b(?:no|not|without|never|avoid|avoiding|free of|free from|lacking|lacks|minus|zero|non|"
    r"nothing|neither|nor|isn't|aren't|instead of|rather than|un)\b[\s-]+"
    r"(?:(?!(?:but|at|in|on|by|under|during|through|from|to|with|against|into|over|as)\b)[\w']+\s+)"
    r"{0,3})$",
    re.IGNORECASE,
)


def _is_negated(text: str, at: int) -> bool:
    """Whether a negation stands up to three words before, in the same part of the sentence."""
    clause = re.split(r"[,.;:!?\n]|\bbut\b", text[max(0, at - 80) : at])[-1]
    return _NEGATED.search(clause) is not None


def _stands_in(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE) is not None
