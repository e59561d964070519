"""What a prompt asks of a clip's motion is not held against it: cuts, loops, stillness, flashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from tower_anime.assess import intent
from tower_anime.domain.clip import Expectation

# Chosen by hand, like the words of `intent`.
_CUTS = (
    "cut to|cuts to|hard cut|scene change|scene cut|montage|multiple shots|several shots|jump cut"
)
_LOOPS = "loop|loops|looping|looped|seamless loop|cinemagraph"
_WORDS: tuple[tuple[str, Mapping[str, float]], ...] = (
    (
        "still shot|freeze frame|frozen in time|static shot|motionless|standing still|tableau",
        {"frozen": 1.0, "dead": 0.8},
    ),
    (
        "lightning|thunder|thunderstorm|explosions?|fireworks|campfire|candlelight|neon sign",
        {"flicker": 0.8},
    ),
    (
        "strobe|disco|flicker|flickering|muzzle flash",
        {"flicker": 0.8},
    ),
    (
        "sunrise|sunset|dawn|dusk|timelapse|time lapse|time-lapse|fade in|fade out|fades|nightfall",
        {"drift": 1.0, "black_frames": 0.5},
    ),
    ("glitch|datamosh|stop motion|stop-motion|choppy|slideshow", {"stutter": 1.0, "flicker": 0.5}),
)


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{text})(?![\w-])", re.IGNORECASE)


_PATTERNS = tuple((_words(words), shares) for words, shares in _WORDS)
_CUTTING, _LOOPING = _words(_CUTS), _words(_LOOPS)


def relaxed_by(prompt: str) -> Mapping[str, float]:
    """Return defect kind → share (0–1) of it that the prompt asks for; flashes never are."""
    text = prompt.replace("_", " ")
    relaxed = dict(intent.relaxed_by(prompt))
    for pattern, shares in _PATTERNS:
        if pattern.search(text):
            relaxed |= {kind: max(share, relaxed.get(kind, 0.0)) for kind, share in shares.items()}
    return relaxed


def expected(prompt: str, expect: Expectation) -> Expectation:
    """Return the expectation with what the prompt says of cuts and loops."""
    text = prompt.replace("_", " ")
    return replace(
        expect,
        may_cut=expect.may_cut or bool(_CUTTING.search(text)),
        loops=expect.loops or bool(_LOOPING.search(text)),
    )
