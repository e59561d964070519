"""Does a correct clip pass, does its damaged copy lose, and is the damage named?

Clips are drawn here, damaged in grades and encoded by several codecs. Thresholds were set on
the seeds, styles, codecs and grades of `TUNED`; the printed figures of `HELD_OUT` are of others.
Run: `python -m tests.bench.clips [tuned|held-out]`
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.moving import HEIGHT, WIDTH, Stage, character, stage, view, waving, write_clip
from tower_anime.adapters.clips import AvClips
from tower_anime.assess.profiles import CLIP
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, Verdict
from tower_anime.pipeline.clip import assess_clip

RATE = 24
Rng = np.random.Generator
Scene = Callable[[Stage, Rng], Sequence[Frame]]


# ---- correct animation ----------------------------------------------------------------------


def _on(on: int) -> Scene:
    def scene(look: Stage, rng: Rng) -> Sequence[Frame]:
        speed = rng.uniform(0.2, 0.5) * (1 + 0.4 * (on - 1))
        size = rng.uniform(60, 130)
        return list(waving(look, frames=96, on=on, size=size, speed=speed))

    return scene


def _lips(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames, mouth, left = [], 0.0, 0
    size = rng.uniform(50, 130)
    for index in range(108):
        if left == 0:
            left, mouth = int(rng.integers(2, 6)), float(rng.choice([0, 0.4, 0.7, 1.0]))
        left -= 1
        canvas = view(look)
        eyes = 0.05 if 50 <= index < 54 else 1.0
        character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=size, mouth=mouth, eyes=eyes)
        frames.append(canvas)
    return frames


def _pan(look: Stage, rng: Rng) -> Sequence[Frame]:
    speed = float(np.exp(rng.uniform(np.log(0.4), np.log(6))))
    return [view(look, shift=speed * index) for index in range(96)]


def _pan_with_character(look: Stage, rng: Rng) -> Sequence[Frame]:
    speed, frames = rng.uniform(1, 4), []
    for index in range(96):
        canvas = view(look, shift=speed * index)
        swing = float(np.sin(index // 2 * 0.6))
        character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=110, swing=swing)
        frames.append(canvas)
    return frames


def _hold(look: Stage, rng: Rng) -> Sequence[Frame]:
    on = int(rng.integers(1, 4))
    frames = list(waving(look, frames=72, on=on, speed=0.4))
    at, length = int(rng.integers(20, 50)), int(rng.integers(20, 46))
    return [*frames[:at], *[frames[at]] * length, *frames[at:]]


def _mixed(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames, drawing = [], 0
    for on in rng.permutation([1, 2, 3, 2]).tolist():
        for _ in range(24 // on):
            canvas = view(look)
            swing = float(np.sin(drawing * 0.45))
            character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=110, swing=swing)
            frames += [canvas] * on
            drawing += 1
    return frames


def _shake(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames, on = [], int(rng.integers(1, 3))
    for index in range(84):
        if index % on == 0:
            strength = 10 * np.exp(-(index % 42) / 10)
            move = rng.normal(0, 1, 2) * strength
        canvas = view(look, shift=200 + float(move[0]))
        swing = float(np.sin(index // 2 * 0.3))
        character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4 + float(move[1]), size=110, swing=swing)
        frames.append(canvas)
    return frames


def _rain(look: Stage, rng: Rng) -> Sequence[Frame]:
    drops = rng.uniform(0, 1, (140, 3))
    frames, on = [], int(rng.integers(1, 3))
    for index in range(84):
        canvas = view(look)
        character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=110)
        step = index // on * on
        for x, y, speed in drops:
            top = int((y + step * (0.02 + 0.03 * speed)) % 1 * HEIGHT)
            left = int(x * WIDTH)
            cv2.line(canvas, (left, top), (left - 3, top + 14), (220, 225, 235), 1, cv2.LINE_AA)
        frames.append(canvas)
    return frames


def _petals(look: Stage, rng: Rng) -> Sequence[Frame]:
    petals = rng.uniform(0, 1, (30, 4))
    frames = []
    for index in range(96):
        canvas = view(look)
        for x, y, speed, phase in petals:
            top = (y + index * (0.003 + 0.004 * speed)) % 1 * HEIGHT
            left = x * WIDTH + 20 * np.sin(index / 10 + 6 * phase)
            cv2.circle(
                canvas, (round(left * 16), round(top * 16)), 48, (245, 190, 205), -1, cv2.LINE_AA, 4
            )
        frames.append(canvas)
    return frames


def _fade(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames = list(waving(look, frames=96, on=2, speed=0.5))
    length = int(rng.integers(12, 30))
    for index in range(length):
        share = index / length
        for place in (index, -1 - index):
            frames[place] = (frames[place] * share).astype(np.uint8)
    return frames


def _credits(look: Stage, rng: Rng) -> Sequence[Frame]:
    sheet = np.full((1400, WIDTH, 3), 12, np.uint8)
    for line in range(30):
        text = "".join(chr(int(v)) for v in rng.integers(97, 122, 18))
        place = (130, 60 + 44 * line)
        cv2.putText(
            sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, (235, 235, 235), 2, cv2.LINE_AA
        )
    speed, frames = rng.uniform(0.5, 2.5), []
    for index in range(96):
        move = np.array([[1, 0, 0], [0, 1, -speed * index]], np.float32)
        frames.append(cv2.warpAffine(sheet, move, (WIDTH, HEIGHT)))
    return frames


def _zoom(look: Stage, rng: Rng) -> Sequence[Frame]:
    base = view(look)
    character(base, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=110)
    rate, frames = rng.uniform(0.0006, 0.004), []
    for index in range(96):
        scale = 1.02 + rate * index
        move = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, scale)
        frames.append(cv2.warpAffine(base, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT))
    return frames


def _blinks(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames, start = [], int(rng.integers(20, 40))
    for index in range(120):
        canvas = view(look)
        eyes = {0: 0.4, 1: 0.05, 2: 0.05, 3: 0.4}.get((index - start) % 44 // 2, 1.0)
        character(canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=120, eyes=eyes)
        frames.append(canvas)
    return frames


def _walk(look: Stage, rng: Rng) -> Sequence[Frame]:
    on, size, frames = int(rng.integers(1, 4)), rng.uniform(70, 160), []
    for index in range(96):
        drawing = index // on * on
        canvas = view(look)
        x = -60 + (WIDTH + 120) * drawing / 96
        y = HEIGHT * 0.42 + 6 * abs(np.sin(drawing * 0.35))
        character(canvas, look, x=x, y=y, size=size, swing=float(np.sin(drawing * 0.35)))
        frames.append(canvas)
    return frames


def _thunder(look: Stage, rng: Rng) -> Sequence[Frame]:
    frames = list(waving(look, frames=84, on=2, speed=0.5))
    at = int(rng.integers(20, 60))
    for index, share in enumerate((0.9, 0.7, 0.4, 0.2)):
        frames[at + index] = (frames[at + index] * (1 - share) + 255 * share).astype(np.uint8)
    return frames


SCENES: dict[str, Scene] = {
    "on 1s": _on(1),
    "on 2s": _on(2),
    "on 3s": _on(3),
    "on 4s": _on(4),
    "lip flaps": _lips,
    "pan": _pan,
    "pan, character on 2s": _pan_with_character,
    "hold": _hold,
    "mixed": _mixed,
    "shake": _shake,
    "rain": _rain,
    "petals": _petals,
    "fade": _fade,
    "credits": _credits,
    "zoom": _zoom,
    "blinks": _blinks,
    "walk": _walk,
    "thunder": _thunder,
}

# ---- damage ---------------------------------------------------------------------------------

Damage = Callable[[Sequence[Frame], Rng, float], "list[Frame]"]


def _flicker(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    gains = 1 + (0.02 + 0.08 * grade) * rng.choice([-1, 1], len(frames)) * rng.uniform(
        0.5, 1, len(frames)
    )
    return [np.clip(f * g, 0, 255).astype(np.uint8) for f, g in zip(frames, gains, strict=True)]


def _pumping(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    hz = rng.uniform(3, 8)
    gains = 1 + (0.03 + 0.08 * grade) * np.sin(2 * np.pi * hz * np.arange(len(frames)) / RATE)
    return [np.clip(f * g, 0, 255).astype(np.uint8) for f, g in zip(frames, gains, strict=True)]


def _region(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    top, left = int(rng.integers(0, HEIGHT // 2)), int(rng.integers(0, WIDTH // 2))
    found = []
    for frame in frames:
        gain = 1 + (0.06 + 0.1 * grade) * rng.choice([-1, 1]) * rng.uniform(0.5, 1)
        part = frame.astype(np.float32)
        part[top : top + HEIGHT // 2, left : left + WIDTH // 2] *= gain
        found.append(np.clip(part, 0, 255).astype(np.uint8))
    return found


def _freeze(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    length = round(RATE * (2.4 + 1.6 * grade))
    at = int(rng.integers(8, len(frames) - 8))
    return [*frames[:at], *[frames[at]] * length, *frames[at:]]


def _dropped(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """Frames go missing and the last good one stands in for them, for 2 to 5 frames."""
    found = list(frames)
    for start in rng.choice(len(frames) - 8, round(4 + 6 * grade), replace=False).tolist():
        for index in range(start + 1, start + 1 + int(rng.integers(2, 6))):
            found[index] = frames[start]
    return found


def _duplicated(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """Frames are repeated, and what follows comes later."""
    found: list[Frame] = []
    for frame in frames:
        found += [frame] * (1 + int(rng.random() < 0.06 + 0.08 * grade) * int(rng.integers(2, 5)))
    return found[: len(frames)]


def _left_out(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """Frames go missing, and what follows comes earlier."""
    found = list(frames)
    starts = rng.choice(len(frames) - 12, round(3 + 4 * grade), replace=False)
    for start in sorted(starts.tolist(), reverse=True):
        del found[start : start + int(rng.integers(3, 8))]
    return found


def _repeats(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """Single frames stand twice."""
    found: list[Frame] = []
    for frame in frames:
        found += [frame] * (1 + int(rng.random() < 0.08 + 0.12 * grade))
    return found[: len(frames)]


def _jump(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    other = stage(seed=int(rng.integers(1000, 2000)), style="cel" if grade < 0.5 else "painted")
    at = int(rng.integers(len(frames) // 3, 2 * len(frames) // 3))
    return [*frames[:at], *list(waving(other, frames=len(frames) - at, on=2))]


def _noise(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    sigma = 8 + 20 * grade
    return [np.clip(f + rng.normal(0, sigma, f.shape), 0, 255).astype(np.uint8) for f in frames]


def _blocks(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """A heavily compressed copy: 8×8 blocks, as of a tenth of the bits."""
    quality = (cv2.IMWRITE_JPEG_QUALITY, round(14 - 9 * grade))
    return [cv2.imdecode(cv2.imencode(".jpg", f, quality)[1], cv2.IMREAD_COLOR) for f in frames]


def _foreign(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    """Macroblocks of garbage in some frames, as after a lost packet."""
    found = [frame.copy() for frame in frames]
    for start in rng.choice(len(frames) - 6, round(3 + 4 * grade), replace=False).tolist():
        for _ in range(round(30 + 60 * grade)):
            y, x = int(rng.integers(0, HEIGHT - 16)), int(rng.integers(0, WIDTH - 16))
            y, x = y // 16 * 16, x // 16 * 16
            for index in range(start, start + 3):
                found[index][y : y + 16, x : x + 16] = rng.integers(0, 255, 3)
    return found


def _black(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    found = list(frames)
    at = int(rng.integers(6, len(frames) - 16))
    found[at : at + round(2 + 8 * grade)] = [np.zeros_like(frames[0])] * round(2 + 8 * grade)
    return found


def _short(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    return list(frames[: round(len(frames) * (0.7 - 0.4 * grade))])


def _dead(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    return [frames[len(frames) // 2]] * len(frames)


def _sliding(frames: Sequence[Frame], rng: Rng, grade: float) -> list[Frame]:
    gains = np.linspace(1, 1 - 0.15 - 0.3 * grade, len(frames))
    return [(f * g).astype(np.uint8) for f, g in zip(frames, gains, strict=True)]


DAMAGES: dict[str, tuple[Damage, frozenset[str]]] = {
    "flicker": (_flicker, frozenset({"flicker", "flash", "flash_sequence"})),
    "pumping": (_pumping, frozenset({"flicker", "flash", "flash_sequence"})),
    "regional flicker": (_region, frozenset({"flicker"})),
    "freeze": (_freeze, frozenset({"frozen"})),
    "dropped": (_dropped, frozenset({"stutter"})),
    "duplicated": (_duplicated, frozenset({"stutter"})),
    "left out": (_left_out, frozenset({"stutter"})),
    "repeats": (_repeats, frozenset({"stutter"})),
    "jump cut": (_jump, frozenset({"scene_jump"})),
    "noise": (_noise, frozenset({"noise", "undersampled"})),
    "blocks": (_blocks, frozenset({"compression"})),
    "foreign blocks": (_foreign, frozenset({"corrupt"})),
    "black frames": (_black, frozenset({"black_frames"})),
    "wrong duration": (_short, frozenset({"duration", "frame_count"})),
    "low rate": (_short, frozenset({"frame_rate", "frame_count"})),
    "dead": (_dead, frozenset({"dead"})),
    "drift": (_sliding, frozenset({"drift"})),
}
"""Name → what is done, and the kinds of defect of which one must be named."""


# ---- files ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Codec:
    name: str
    suffix: str
    codec: str
    options: tuple[tuple[str, str], ...] = ()
    pixel_format: str = "yuv420p"


def x264(crf: int) -> Codec:
    options = (("crf", str(crf)), ("preset", "veryfast"))
    return Codec(f"x264 crf {crf}", ".mp4", "libx264", options)


MPEG4 = Codec(
    "mpeg4", ".mp4", "mpeg4", (("qscale", "5"), ("flags", "+qscale"), ("global_quality", "590"))
)
VP9 = Codec(
    "vp9",
    ".webm",
    "libvpx-vp9",
    (("crf", "36"), ("b", "0"), ("deadline", "realtime"), ("cpu-used", "8")),
)
GIF = Codec("gif", ".gif", "gif", (), "rgb8")


@dataclass(frozen=True)
class World:
    seeds: tuple[int, ...]
    styles: tuple[str, ...]
    codecs: tuple[Codec, ...]
    grades: tuple[float, ...]


WORLDS = {
    "tuned": World((1, 2, 3), ("cel",), (x264(18), x264(23), x264(28)), (0.3, 0.7)),
    "held-out": World(
        (101, 102, 103),
        ("painted", "bokeh", "night", "page"),
        (x264(20), x264(32), MPEG4, VP9),
        (0.0, 0.5, 1.0),
    ),
}


@dataclass(frozen=True)
class Case:
    scene: str
    damage: str | None
    found: Assessment
    codec: str


TRIVIAL = frozenset({"delivery", "audio_missing", "loudness"})


def kinds(found: Assessment) -> set[str]:
    return {defect.kind for defect in found.defects} - TRIVIAL


def cases(
    world: World, *, damages: Sequence[str], scenes: Sequence[str], folder: Path
) -> Iterator[Case]:
    for seed in world.seeds:
        for place, name in enumerate(scenes):
            rng = np.random.default_rng((seed, place))
            style = str(rng.choice(list(world.styles)))
            codec = world.codecs[(seed + place) % len(world.codecs)]
            frames = SCENES[name](stage(seed=seed, style=style), rng)
            expect = Expectation(frame_rate=RATE, frames=len(frames))
            yield Case(name, None, _assessed(folder, frames, codec, expect), codec.name)
            if not damages:
                continue
            for damage in (
                damages[(seed + place) % len(damages)],
                damages[(seed * 5 + place * 3 + 4) % len(damages)],
                damages[(seed * 3 + place * 7 + 8) % len(damages)],
            ):
                grade = float(rng.choice(list(world.grades)))
                spoilt = DAMAGES[damage][0](frames, rng, grade)
                rate = RATE / 3 if damage == "low rate" else RATE
                wanted = (
                    expect
                    if damage in ("wrong duration", "low rate")
                    else Expectation(frame_rate=rate, frames=len(spoilt))
                )
                yield Case(
                    name, damage, _assessed(folder, spoilt, codec, wanted, rate=rate), codec.name
                )


def _assessed(
    folder: Path, frames: Sequence[Frame], codec: Codec, expect: Expectation, *, rate: float = RATE
) -> Assessment:
    path = write_clip(
        folder / f"clip{codec.suffix}",
        frames,
        rate=rate,
        codec=codec.codec,
        options=dict(codec.options),
        pixel_format=codec.pixel_format,
    )
    return assess_clip(AvClips(), path, profile=CLIP, prompt=None, expect=expect)


def report(found: Sequence[Case], *, verbose: bool) -> None:
    clean = [case for case in found if case.damage is None]
    passed = sum(case.found.verdict is Verdict.PASS for case in clean)
    free = sum(not kinds(case.found) for case in clean)
    print(f"correct clips that pass {passed}/{len(clean)}, without a named defect {free}")
    for case in clean:
        if verbose and (kinds(case.found) or case.found.verdict is not Verdict.PASS):
            print(f"  {case.scene:22}{case.codec:14}{case.found.score:.3f} {_named(case.found)}")
    base = None
    wins = 0
    hits, misses, wrong = Counter[str](), Counter[str](), Counter[str]()
    for case in found:
        if case.damage is None:
            base = case
            wrong.update(f"{kind} on correct" for kind in kinds(case.found))
            continue
        assert base is not None
        won = (base.found.score or 0) > (case.found.score or 0)
        wins += won
        allowed = DAMAGES[case.damage][1]
        named = kinds(case.found)
        (hits if named & allowed else misses)[case.damage] += 1
        wrong.update(f"{kind} for {case.damage}" for kind in named - allowed)
        if verbose and (not won or not named & allowed):
            print(
                f"  {case.damage:18}{case.scene:22}{case.codec:14}{base.found.score:.3f} → "
                f"{case.found.score or 0:.3f} {_named(case.found)}"
            )
    damaged = len(found) - len(clean)
    if not damaged:
        return
    true, lost, false = hits.total(), misses.total(), wrong.total()
    print(f"beats its damaged copy {wins}/{damaged} = {wins / damaged:.3f}")
    print(f"defects named {true}/{true + lost}, F1 {2 * true / (2 * true + lost + false):.3f}")
    print("  missed:", dict(misses))
    print("  wrong:", dict(wrong.most_common(20)))


def _named(found: Assessment) -> str:
    return ", ".join(f"{d.kind} {d.severity:.2f}" for d in found.defects if d.kind not in TRIVIAL)


def main() -> None:
    """Print the figures of a world; all scenes and damages, or those named behind it."""
    world = WORLDS[sys.argv[1] if len(sys.argv) > 1 else "held-out"]
    only = sys.argv[2].split(",") if len(sys.argv) > 2 else []
    scenes = [name for name in SCENES if not only or name in only] or list(SCENES)
    damages = [] if "clean" in only else [name for name in DAMAGES if not only or name in only]
    with tempfile.TemporaryDirectory() as folder:
        report(
            list(cases(world, damages=damages, scenes=scenes, folder=Path(folder))), verbose=True
        )


if __name__ == "__main__":
    main()
