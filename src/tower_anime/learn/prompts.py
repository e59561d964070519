"""Prompts as words, and how alike two prompts are, without a model.

Tags are phrases between commas, sentences are words; weights and brackets of prompt engines are
taken off. Likeness is the cosine of hashed n-grams of letters and words (feature hashing,
Weinberger 2009): no download, the same on every machine.
"""

from __future__ import annotations

import heapq
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_SIZE = 2048  # collisions of some hundred n-grams are rare
_LETTERS = (3, 4)
_WORD_WEIGHT = 2.0  # of a whole word against one n-gram of letters
_COMPARED = 1000  # prompts whose n-grams are compared; a few tenths of a second
_BEGINNING = 4  # letters
_MOST_TOKENS = 80  # a prompt of more is a mistake
_WEIGHTED = re.compile(r"[\[\](){}<>\\]|:\s*-?\d+(\.\d+)?")
_FILLING = frozenset(
    [
        *("a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "with", "by", "for"),
        *("from", "is", "are", "it", "its", "her", "his", "their", "this", "that", "as"),
    ]
)


@lru_cache(8192)
def tokens(prompt: str) -> frozenset[str]:
    """Return the phrases of tags; of text without commas the words that carry meaning."""
    text = _WEIGHTED.sub(" ", prompt.lower().replace("_", " "))
    phrases = [" ".join(part.split()) for part in re.split(r"[,;\n|]", text)]
    found = [part for part in phrases if part]
    if any(len(part.split()) > 5 for part in found):  # sentences
        found = [word for word in re.findall(r"[\w'-]+", text) if word not in _FILLING]
    return frozenset(found[:_MOST_TOKENS])


def likeness(prompt: str, others: Sequence[str]) -> NDArray[np.float64]:
    """Return how alike each of `others` is to `prompt`: 0 (nothing in common) to 1."""
    if not others:
        return np.zeros(0)
    there = np.stack([_hashed(other) for other in others])
    alike: NDArray[np.float64] = np.clip(there @ _hashed(prompt), 0.0, 1.0).astype(np.float64)
    return alike


def nearest(prompt: str, others: Sequence[str], *, most: int) -> list[tuple[int, float]]:
    """Return the likest of `others` as position and likeness, the likest first.

    Of many, only those are compared that share most words with it, rare ones above all.
    """
    chosen = _sharing_words(prompt, others) if len(others) > _COMPARED else range(len(others))
    near = likeness(prompt, [others[at] for at in chosen])
    order = np.argsort(-near, kind="stable")[:most]
    return [(chosen[at], float(near[at])) for at in order if near[at] > 0]


def _sharing_words(prompt: str, others: Sequence[str]) -> Sequence[int]:
    wanted = _beginnings(prompt)
    shared = [wanted & _beginnings(other) for other in others]
    often = Counter(beginning for one in shared for beginning in one)
    worth = {beginning: math.log(1 + len(others) / n) for beginning, n in often.items()}
    sums = [sum(worth[beginning] for beginning in one) for one in shared]
    return heapq.nlargest(_COMPARED, range(len(others)), key=sums.__getitem__)


def _beginnings(prompt: str) -> frozenset[str]:
    """Return the first letters of each word, so that endings and slips in them don't matter."""
    words = re.findall(r"\w+", prompt.lower().replace("_", " "))
    return frozenset(word[:_BEGINNING] for word in words if word not in _FILLING)


@lru_cache(8192)
def _hashed(prompt: str) -> NDArray[np.float32]:
    """Return a prompt's n-grams as a vector of length 1 (or 0 for no words)."""
    vector = np.zeros(_SIZE, np.float32)
    for word in re.findall(r"\w+", prompt.lower().replace("_", " ")):
        if word in _FILLING:
            continue
        padded = f"<{word}>"
        grams = [padded[at : at + n] for n in _LETTERS for at in range(len(padded) - n + 1)]
        share = 1.0 / max(1, len(grams)) ** 0.5
        for gram in grams:
            _add(vector, gram, share)
        _add(vector, word, _WORD_WEIGHT)
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _add(vector: NDArray[np.float32], text: str, weight: float) -> None:
    number = zlib.crc32(text.encode())
    vector[number % _SIZE] += weight if number & 0x8000_0000 else -weight
