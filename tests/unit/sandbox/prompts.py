"""Prompts as people write them, put together from the vocabulary in a fixed order."""

from __future__ import annotations

import numpy as np

from tower_anime.sandbox.vocabulary import TABLES

_TAGS = "{who}, {hair} {cut}, {face}, {outfit}, {worn}, {pose}, {place}, {time}, {extra}"
_SENTENCE = "A {age} with {hair} hair wearing a {worn}, {pose}, in a {place} in the {time}, {extra}"
_HAIR = ("black", "brown", "blonde", "silver", "pink", "blue", "red", "green", "purple")
_WHO = ("1girl", "1girl", "1boy", "2girls", "1girl, 1boy", "3girls")
_AGE = ("girl", "boy", "young woman", "little girl", "man")
_EXTRA = ("weather", "season", "light", "framing", "mood")


def many_prompts(count: int) -> list[str]:
    """Return `count` different prompts, tags and sentences in turn; the same ones every time."""
    rng = np.random.default_rng(9)
    out: list[str] = []
    while len(out) < count:
        words = {name: _one(rng, name) for name in TABLES}
        words |= {
            "who": _WHO[int(rng.integers(len(_WHO)))],
            "age": _AGE[int(rng.integers(len(_AGE)))],
            "hair": _HAIR[int(rng.integers(len(_HAIR)))],
            "extra": _one(rng, _EXTRA[int(rng.integers(len(_EXTRA)))]),
        }
        prompt = (_SENTENCE if len(out) % 3 == 2 else _TAGS).format(**words)
        if prompt not in out:
            out.append(prompt)
    return out


def _one(rng: np.random.Generator, table: str) -> str:
    names = list(TABLES[table].values())
    phrases = names[int(rng.integers(len(names)))]
    return phrases[int(rng.integers(len(phrases)))]
