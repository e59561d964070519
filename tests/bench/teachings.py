"""Figures of learning from words, people and pictures: `python -m tests.bench.teachings`.

Everything is drawn from seeds. Nothing is asserted; the sharp ends of it are tests.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

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


Rng = np.random.Generator


def _each_by_lot(rng: Rng, of: int, share: float) -> list[str]:
    """Draw words that mean nothing, each by itself."""
    return [f"word{k}" for k in np.flatnonzero(rng.random(of) < share)] or ["1girl"]


def _in_company(rng: Rng, groups: int) -> list[str]:
    """Draw words that mostly come ten at a time."""
    there = np.flatnonzero(rng.random(groups) < 0.5)
    return [f"word{g}of{n}" for g in there for n in range(10) if rng.random() < 0.9] or ["1girl"]


def _lot(of: int, share: float) -> Callable[[Rng], list[str]]:
    return lambda rng: _each_by_lot(rng, of, share)


def _usual(rng: Rng, _: float) -> float:
    return rng.normal(0.65, SPREAD)


# Name → how words are drawn, and scores (from the place in the series, 0 to 1).
NULLS: dict[str, tuple[Callable[[Rng], list[str]], Callable[[Rng, float], float]]] = {
    "1000 words, 2 % each": (_lot(1000, 0.02), _usual),
    "1000 words, 20 % each": (_lot(1000, 0.2), _usual),
    "1000 words, 50 % each": (_lot(1000, 0.5), _usual),
    "1000 words, 80 % each": (_lot(1000, 0.8), _usual),
    "100 words, 20 % each": (_lot(100, 0.2), _usual),
    "20 words, 50 % each": (_lot(20, 0.5), _usual),
    "100 words in company": (lambda rng: _in_company(rng, 10), _usual),
    "scores 0 or 1, half": (_lot(1000, 0.2), lambda rng, _: float(rng.random() < 0.5)),
    "scores 0 or 1, 90 %": (_lot(1000, 0.2), lambda rng, _: float(rng.random() < 0.9)),
    "scores 0 or 1, 70 %": (_lot(100, 0.5), lambda rng, _: float(rng.random() < 0.7)),
    "heavy tails": (_lot(1000, 0.1), lambda rng, _: 0.65 + 0.05 * rng.standard_t(2)),
    "heavy tails, rare words": (_lot(100, 0.05), lambda rng, _: 0.65 + 0.05 * rng.standard_t(2)),
    "skewed scores": (_lot(1000, 0.05), lambda rng, _: 0.9 - 0.1 * rng.exponential()),
    "scores that rise": (_lot(300, 0.2), lambda rng, at: rng.normal(0.5 + 0.3 * at, SPREAD)),
}


def other_nulls() -> None:
    """Words that do nothing, in other company and with other scores."""
    print("\nwords that do nothing, 20 seeds of 200 outcomes each: wrongly held for sure")
    for name, (said, scored) in NULLS.items():
        wrong = asked = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            cases = [told(n, said(rng), scored(rng, n / 200)) for n in range(200)]
            found = lifts(cases)
            asked += len(found)
            wrong += sum(lift.sure for lift in found)
        print(f"  {name:24} {wrong} of {asked} compared")


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


def planted_elsewhere() -> None:
    """The same, in a share of the prompts that is not half, or beside a word that does nothing."""
    print("\nthe same in other shares of the prompts (20 words, 5 a prompt), 40 seeds:")
    print("  share  beside it            found  another word believed")
    for share in (0.2, 0.3, 0.5, 0.7, 0.8):
        _planted(share, "nothing", 0.0, 0.0)
    _planted(0.5, "another mostly", 0.85, 0.15)
    _planted(0.5, "another always", 1.0, 0.0)


def _planted(share: float, name: str, beside: float, apart: float) -> None:
    """`beside` and `apart`: how often another word stands with the planted one, and without."""
    hits = others = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cases = []
        for n, has in enumerate(rng.permutation(np.arange(60) < round(share * 60))):
            said = [*words(rng, 20, 5), *(["glow"] if has else [])]
            said += ["friend"] if rng.random() < (beside if has else apart) else []
            cases.append(told(n, said, rng.normal(0.6, SPREAD) + 0.1 * has))
        sure = [lift.words for lift in lifts(cases) if lift.sure]
        hits += ("glow",) in sure
        others += any("glow" not in said for said in sure)
    print(f"  {share:5.0%}  {name:18} {hits / 40:8.0%} {others / 40:8.0%}")


def words_beside_others() -> None:
    """Three words of ten that matter: which others are believed, alone and in pairs."""
    print("\nof ten words three matter (+0.1, +0.08, -0.1), 20 seeds: found, others believed")
    effects = {"glow": 0.1, "rain": 0.08, "haze": -0.1}
    names = [*effects, *(f"word{n}" for n in range(7))]
    for number in (60, 120, 240, 480):
        found = others = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            cases = []
            for n in range(number):
                said = [word for word in names if rng.random() < 0.5] or ["1boy"]
                by = sum(effects.get(word, 0.0) for word in said)
                cases.append(told(n, said, rng.normal(0.6, SPREAD) + by))
            certain = [lift.words for lift in lifts(cases) if lift.sure or lift.high < 0]
            found += sum((word,) in certain for word in effects)
            others += sum(said not in {(word,) for word in effects} for said in certain)
        print(f"  {number:3} outcomes: {found} of 60, {others} others")


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


SCORES: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "uniform": lambda rng, n: rng.uniform(0, 1, n),
    "around 0.7": lambda rng, n: np.clip(rng.normal(0.7, 0.15, n), 0, 1),
    "high": lambda rng, n: rng.beta(6, 2, n),
    "two heaps": lambda rng, n: np.clip(
        np.where(rng.random(n) < 0.5, rng.normal(0.45, 0.1, n), rng.normal(0.85, 0.07, n)), 0, 1
    ),
    "narrow": lambda rng, n: np.clip(rng.normal(0.72, 0.08, n), 0, 1),
}
PEOPLE = {"surely": (0.0, 0.0), "wavers .03": (0.03, 0.0), "wavers .08": (0.08, 0.0)} | {
    f"slips {slips:.0%}": (0.0, slips) for slips in (0.05, 0.1, 0.15)
}
"""Name → deviation of the bar from one decision to the next, share decided the other way round."""


def other_bars() -> None:
    """A person whose bar is 0.15 off ours, 100 decisions, with wavering and with slips."""
    print("\n100 decisions of a person whose bar is elsewhere (ours 0.70), 60 seeds: agreement")
    print("  scores       bar   decides      before  after   best   within 3 points")
    for name, shape in SCORES.items():
        for bar in (0.55, 0.85):
            for how, (noise, slips) in PEOPLE.items():
                found = [_person(shape, bar, noise, slips, seed) for seed in range(60)]
                rows = np.array(found)
                before, after, best = rows.mean(axis=0)
                near = (rows[:, 1] >= rows[:, 2] - 0.03).mean()
                print(
                    f"  {name:11} {bar:5.2f}  {how:10} {before:8.3f} {after:6.3f} {best:6.3f}"
                    f" {near:10.0%}"
                )


def _person(
    shape: Callable[[Rng, int], np.ndarray], bar: float, noise: float, slips: float, seed: int
) -> tuple[float, float, float]:
    rng = np.random.default_rng(seed)

    def decide(scores: np.ndarray) -> np.ndarray:
        yes = scores + rng.normal(0, noise, len(scores)) >= bar
        return np.asarray(yes ^ (rng.random(len(scores)) < slips))

    scores = shape(rng, 100)
    told_ = [Decided(float(s), bool(y)) for s, y in zip(scores, decide(scores), strict=True)]
    found = calibrate(told_, threshold=0.7)
    fresh = shape(rng, 20_000)
    right = decide(fresh)
    best = max(float(((fresh >= at) == right).mean()) for at in np.linspace(0.3, 1, 141))
    ours = float(((fresh >= 0.7) == right).mean())
    theirs = ours if found.bar is None else float(((fresh >= found.bar) == right).mean())
    return ours, theirs, best


def random_people() -> None:
    """Decisions that have nothing to do with the score."""
    print("\nrandom decisions, 150 seeds each: the bar moved")
    for number in (25, 100):
        for share in (0.1, 0.3, 0.5, 0.8, 0.95):
            moved = [_moved_at_random(shape, number, share) for shape in SCORES.values()]
            print(
                f"  {number:3} decisions, {share:.0%} approved: {sum(moved)} of {150 * len(moved)}"
            )


def _moved_at_random(shape: Callable[[Rng, int], np.ndarray], number: int, share: float) -> int:
    moved = 0
    for seed in range(150):
        rng = np.random.default_rng(1000 + seed)
        scores = shape(rng, number)
        told_ = [Decided(float(score), bool(rng.random() < share)) for score in scores]
        found = calibrate(told_, threshold=0.7)
        moved += found.applied != 0.7 or found.review_below is not None
    return moved


# ---- style ------------------------------------------------------------------------------------

_PEOPLE = ("1girl, silver hair", "1boy", "2girls", "1girl, blonde, school uniform", "")
_PLACES = ("rainy neon street", "forest", "classroom", "beach", "shrine", "castle", "library")


def _scene(n: int, asked: str = "") -> Frame:
    rng = np.random.default_rng(1000 + n)
    prompt = f"{_PEOPLE[rng.integers(5)]}, {_PLACES[rng.integers(7)]}, {asked}".strip(", ")
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
                    share = _share_off(theirs, made)
                    others.append(share)
                    lowest = min(lowest, (other, share), key=lambda pair: pair[1])
        print(
            f"  {name:14} own {np.mean(own):6.1%}   others {np.mean(others):6.1%}"
            f"   least {lowest[1]:.0%} ({lowest[0]})"
        )


_ASKED = ("", "watercolor", "monochrome", "pixel art", "chibi", "sketch", "cel shading", "retro")


def asked_styles() -> None:
    """Projects of 30 pictures of the sandbox in one of its styles, against its other styles."""
    measured = {asked: [style.measure(_scene(n, asked)) for n in range(44)] for asked in _ASKED}
    print(
        "\nprojects of 30 pictures in one style of the sandbox (rows): off_style of each (columns)"
    )
    print(f"  {'':12}", *(f"{name or 'none':>11}" for name in _ASKED))
    for name, rows in measured.items():
        shares = {asked: list[float]() for asked in _ASKED}
        for seed in range(3):
            order = np.random.default_rng(seed).permutation(len(rows))
            made = style.style_of([rows[at] for at in order[:30]])
            assert made is not None
            for asked, others in measured.items():
                held = [others[at] for at in order[30:]] if asked == name else others
                shares[asked].append(_share_off(held, made))
        print(f"  {name or 'none':12}", *(f"{np.mean(found):11.0%}" for found in shares.values()))


def _share_off(rows: Sequence[Mapping[str, float]], made: style.Style) -> float:
    return float(np.mean([style.compare(row, made).off for row in rows]))


if __name__ == "__main__":
    null_words()
    other_nulls()
    planted_words()
    planted_elsewhere()
    words_beside_others()
    superstitions()
    other_bars()
    random_people()
    styles()
    asked_styles()
