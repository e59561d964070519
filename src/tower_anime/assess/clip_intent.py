"""What a prompt asks of a clip's motion is not held against it: cuts, loops, stillness, flashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tower_anime.assess.asked import Relaxation, joined, read, rule
from tower_anime.assess.intent import read_intent
from tower_anime.domain.expectation import Expectation

# Chosen by hand, like the words of `intent`.
_RULES = (
    rule(
        "still shot|freeze frame|frozen in time|static shot|motionless|standing still|tableau|"
        "locked[ -]off shot|completely still",
        {"frozen": 1.0, "dead": 0.8},
    ),
    rule(
        "lightning|thunder|thunderstorm|explosions?|fireworks|campfire|candlelight|neon sign",
        {"flicker": 0.8},
    ),
    rule("strobe|disco|flicker|flickering|muzzle flash", {"flicker": 0.8}),
    rule(
        "timelapse|time[ -]lapse|fade in|fade out|fades|day to night|night to day|nightfall|"
        "daybreak|sun sets|sun rises|grows dark|getting dark|lights go out|dusk falls|night falls|"
        "dawn breaks|light changes|light fades|changing light|sun goes down|sun comes up",
        {"drift": 1.0, "black_frames": 0.5},
    ),
    rule("sunrise|sunset|dawn|dusk|setting sun|rising sun", {"drift": 0.4}),  # mostly a setting
    rule(
        "glitch|datamosh|stop[ -]motion|choppy|slideshow",
        {"stutter": 1.0, "flicker": 0.5},
    ),
)
_CUTTING = rule(
    "cut to|cuts to|hard cut|scene change|scene cut|montage|multiple shots|several shots|jump cut",
    {"may_cut": 1.0},
)
_LOOPING = rule("loop|loops|looping|looped|seamless loop|cinemagraph", {"loops": 1.0})


def read_intent_of_clip(prompt: str, negative: str = "") -> Relaxation:
    """Return what a clip's prompt asks for, in its frames and over time; flashes never are."""
    return joined(read_intent(prompt, negative), read(prompt, negative, _RULES))


def relaxed_by(prompt: str, negative: str = "") -> Mapping[str, float]:
    """Return defect kind → share (0–1) of it that the prompt asks for; flashes never are."""
    return read_intent_of_clip(prompt, negative).shares


def expected(prompt: str, expect: Expectation, negative: str = "") -> Expectation:
    """Return the expectation with what the prompt says of cuts and loops."""
    said = read(prompt, negative, (_CUTTING, _LOOPING)).shares
    return replace(
        expect,
        may_cut=expect.may_cut or "may_cut" in said,
        loops=expect.loops or "loops" in said,
    )
