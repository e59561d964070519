"""Figures of learning from words, people and pictures: `python -m tests.bench.teachings`.

Everything is drawn from seeds. Nothing is asserted; the sharp ends of it are tests.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import cv2
import numpy as np

from tests import drawn, samples
from tower_anime.assess import style
from tower_anime.domain.frame import Frame
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Decided
from tower_anime.learn.people import calibrate
from tower_anime.learn.words import lifts
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.words import scene_of

SPREAD = 0.08


def told(n: int, words: list[str], score: float) -> Outcome:
    """A first attempt with a prompt of these words."""
    score = float(np.clip(score, 0, 1))
    return Outcome(
        generation_id=str(uuid.UUID(int=n)),
        number=1,
        backend="comfyui",
        family="sdxl",
        checkpoint="anime_xl.safetensors",
        request=samples.request(prompt=", ".join(words)),
        score=score,
        passed=score >= 0.7,
    )


def words(rng: np.random.Generator, of: int, per: int) -> list[str]:
    """Draw words that mean nothing."""
    return [f"word{k}" for k in rng.choice(of, per, replace=False)] if of else ["1girl"]


# ---- words ------------------------------------------------------------------------------------


def null_words() -> None:
    """1000 words that do nothing, 20 seeds of 200 outcomes: none should be suggested."""
    print("\n1000 null words, 20 seeds of 200 outcomes: words that were wrongly held for sure")
    for per in (8, 20, 60, 200):
        wrong = asked = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            cases = [told(n, words(rng, 1000, per), rng.normal(0.65, SPREAD)) for n in range(200)]
            found = lifts(cases)
            asked += len(found)
            wrong += sum(lift.sure for lift in found)
        print(f"  {per:3} words a prompt: {wrong} of {asked} compared")


def planted_words() -> None:
    """One word that adds 0.1 in half of 60 outcomes, among others that do nothing."""
    print("\na word that adds 0.1 (spread 0.08, balanced), 60 outcomes, 100 seeds: found")
    for of, per in ((0, 0), (20, 5), (50, 8), (100, 10), (1000, 20)):
        hits = 0
        for seed in range(100):
            rng = np.random.default_rng(seed)
            half = rng.permutation([True, False] * 30)
            cases = [
                told(
                    n,
                    [*words(rng, of, per), *(["glow"] if has else [])],
                    rng.normal(0.6, SPREAD) + 0.1 * has,
                )
                for n, has in enumerate(half)
            ]
            hits += any(lift.sure and lift.words == ("glow",) for lift in lifts(cases))
        print(f"  among {of:4} words, {per:2} a prompt: {hits} %")


def superstitions() -> None:
    """A word that was there in three of three good pictures, by chance."""
    wrong = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        usual = [told(n, words(rng, 40, 6), rng.normal(0.6, SPREAD)) for n in range(197)]
        lucky = [told(200 + n, ["lucky", *words(rng, 40, 5)], 0.95) for n in range(3)]
        wrong += any("lucky" in lift.words and lift.sure for lift in lifts([*usual, *lucky]))
    print(f"\na word with 3 good pictures of 3, 100 seeds: believed {wrong} times")


# ---- people -----------------------------------------------------------------------------------


def other_bars() -> None:
    """A person whose bar is 0.15 off ours, 100 decisions, with and without wavering."""
    print("\n100 decisions of a person whose bar is elsewhere (ours 0.70), 60 seeds: agreement")
    print("  scores       bar   wavers   before  after   best   within 3 points")
    shapes: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
        "uniform": lambda rng, n: rng.uniform(0, 1, n),
        "around 0.7": lambda rng, n: np.clip(rng.normal(0.7, 0.15, n), 0, 1),
    }
    for name, shape in shapes.items():
        for bar in (0.55, 0.85):
            for noise in (0.0, 0.03, 0.08):
                rows = np.array([_person(shape, bar, noise, seed) for seed in range(60)])
                before, after, best = rows.mean(axis=0)
                near = (rows[:, 1] >= rows[:, 2] - 0.03).mean()
                print(
                    f"  {name:11} {bar:5.2f} {noise:7.2f} {before:9.3f} {after:6.3f} {best:6.3f}"
                    f" {near:10.0%}"
                )


def _person(
    shape: Callable[[np.random.Generator, int], np.ndarray], bar: float, noise: float, seed: int
) -> tuple[float, float, float]:
    rng = np.random.default_rng(seed)
    scores = shape(rng, 100)
    yes = scores + rng.normal(0, noise, 100) >= bar
    found = calibrate(
        [Decided(float(s), bool(y)) for s, y in zip(scores, yes, strict=True)], threshold=0.7
    )
    fresh = shape(rng, 20_000)
    right = fresh + rng.normal(0, noise, 20_000) >= bar
    best = max(float(((fresh >= at) == right).mean()) for at in np.linspace(0.3, 1, 141))
    ours = float(((fresh >= 0.7) == right).mean())
    theirs = ours if found.bar is None else float(((fresh >= found.bar) == right).mean())
    return ours, theirs, best


def random_people() -> None:
    """Decisions that have nothing to do with the score."""
    for share in (0.2, 0.5, 0.8):
        moved = 0
        for seed in range(200):
            rng = np.random.default_rng(seed)
            told_ = [Decided(float(s), bool(rng.random() < share)) for s in rng.uniform(0, 1, 100)]
            found = calibrate(told_, threshold=0.7)
            moved += found.applied != 0.7 or found.review_below is not None
        print(f"  random decisions, {share:.0%} approved: the bar moved in {moved} of 200")


# ---- style ------------------------------------------------------------------------------------

_PEOPLE = ("1girl, silver hair", "1boy", "2girls", "1girl, blonde, school uniform", "")
_PLACES = ("rainy neon street", "forest", "classroom", "beach", "shrine", "castle", "library")


def _scene(n: int) -> Frame:
    rng = np.random.default_rng(1000 + n)
    prompt = f"{_PEOPLE[rng.integers(5)]}, {_PLACES[rng.integers(7)]}".strip(", ")
    return draw(scene_of(prompt, seed=n), width=640, height=640)


def _painted(frame: Frame) -> Frame:
    calm = cv2.edgePreservingFilter(frame, flags=1, sigma_s=40, sigma_r=0.35)
    noise = np.random.default_rng(1).normal(0, 9, calm.shape[:2]).astype(np.float32)
    return np.clip(calm + cv2.GaussianBlur(noise, (0, 0), 2)[..., None] * 4, 0, 255).astype(
        np.uint8
    )


def _graded(frame: Frame) -> Frame:
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab[..., 1:] = 128 + (lab[..., 1:] - 128) * 0.55
    lab[..., 0] = 40 + lab[..., 0] * 0.8
    return cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB).astype(np.uint8)


HANDS: dict[str, Callable[[Frame], Frame]] = {
    "as drawn": lambda frame: frame,
    "soft": lambda frame: cv2.bilateralFilter(
        cv2.GaussianBlur(frame, (0, 0), 2.2), 9, 40, 9
    ).astype(np.uint8),
    "painted": _painted,
    "bold lines": lambda frame: cv2.erode(frame, np.ones((5, 5), np.uint8)).astype(np.uint8),
    "grain": lambda frame: drawn.noisy(frame, sigma=7.0),
    "grey": lambda frame: cv2.cvtColor(
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB
    ).astype(np.uint8),
    "other grade": _graded,
}


def styles() -> None:
    """Projects of 30 pictures, of the sandbox's scenes drawn by several hands, and of others."""
    scenes = [_scene(n) for n in range(60)]
    measured = {
        name: [style.measure(np.ascontiguousarray(hand(scene))) for scene in scenes]
        for name, hand in HANDS.items()
    }
    measured |= {
        f"drawn {name}": [style.measure(drawn.drawn(name, seed=n, size=640)) for n in range(60)]
        for name in drawn.STYLES
    }
    print("\nprojects of 30 pictures: share called off_style of their own and of other hands")
    for name, rows in measured.items():
        own, others = [], list[float]()
        lowest = ("", 1.0)
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(len(rows))
            made = style.style_of([rows[at] for at in order[:30]])
            assert made is not None
            own += [style.compare(rows[at], made).off for at in order[30:]]
            for other, theirs in measured.items():
                if other != name:
                    share = float(np.mean([style.compare(one, made).off for one in theirs]))
                    others.append(share)
                    lowest = min(lowest, (other, share), key=lambda pair: pair[1])
        print(
            f"  {name:14} own {np.mean(own):6.1%}   others {np.mean(others):6.1%}"
            f"   least {lowest[1]:.0%} ({lowest[0]})"
        )


if __name__ == "__main__":
    null_words()
    planted_words()
    superstitions()
    other_bars()
    random_people()
    styles()
