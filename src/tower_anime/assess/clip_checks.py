"""What a clip's numbers mean: each check turns some of them into an amount of a defect."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tower_anime.assess.clips import GLITCHES, SPANS
from tower_anime.assess.flash import MAX_TRANSITIONS, SEQUENCE_S
from tower_anime.domain.delivery import LOUDNESS_LUFS, PEAK_DBTP
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.quality import FrameRange

Numbers = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An amount of a defect: 0 is none, `weight` times it is what the score's logarithm loses."""

    kind: str
    amount: float
    weight: float
    measurement: str
    message: str
    where: tuple[FrameRange, ...] = ()


Check = Callable[[Numbers, Expectation], Finding | None]


def _many(count: float, what: str) -> str:
    return f"{count:.0f} {what}" if round(count) != 1 else f"1 {what.removesuffix('s')}"


_FACT = 0.5  # amount of what is simply not what was asked: alone it costs the pass
_DURATION_TOLERANCE, _FRAMES_TOLERANCE = 0.005, 2


def _asked(
    kind: str, got: float, asked: float, *, slack: float, text: str, name: str
) -> Finding | None:
    if abs(got - asked) <= slack:
        return None
    ratio = abs(math.log(max(got, 1e-3) / max(asked, 1e-3)))
    return Finding(kind=kind, amount=_FACT + ratio, weight=1.0, measurement=name, message=text)


def _duration(n: Numbers, expect: Expectation) -> Finding | None:
    if expect.duration_s is None:
        return _lied_about(n)
    frames_s = _FRAMES_TOLERANCE / max(n["frame_rate"] or _USUAL_RATE, 1)
    slack = max(_DURATION_TOLERANCE * expect.duration_s, frames_s)
    return _asked(
        "duration",
        n["duration"],
        expect.duration_s,
        slack=slack + 1e-6,
        text=f"lasts {n['duration']:.2f} s ({_many(n['frames'], 'frames')} at "
        f"{n['frame_rate']:.4g}/s), "
        f"not the {expect.duration_s:g} s that were asked for",
        name="duration",
    )


_USUAL_RATE = 24.0  # of a single picture, which has none


def _lied_about(n: Numbers) -> Finding | None:
    """Name a container that promises another length than its frames have."""
    declared = n.get("declared_duration")
    if declared is None or declared <= 0:
        return None
    lasts = max(n["duration"], n.get("sound_duration", 0.0))
    return _asked(
        "duration",
        lasts,
        declared,
        slack=max(0.05 * declared, 0.25),
        text=f"the container says {declared:.2f} s, what is in it lasts {lasts:.2f} s",
        name="declared_duration",
    )


def _frame_rate(n: Numbers, expect: Expectation) -> Finding | None:
    rate = n["frame_rate"]
    if n["frames"] == 1:  # a single one has none, and is named for that
        return None
    if expect.frame_rate is None:
        return Finding(
            kind="frame_rate",
            amount=0.6 * max(0.0, math.log(_LOW_RATE / max(rate, 0.5)))
            + _COARSER * max(0.0, math.log(_USUAL_RATE / max(rate, 0.5))),
            weight=1.0,
            measurement="frame_rate",
            message=f"{rate:.3g} frames a second do not look like motion",
        )
    slack = max(_DURATION_TOLERANCE * expect.frame_rate, 0.002)
    return _asked(
        "frame_rate",
        rate,
        expect.frame_rate,
        slack=slack,
        text=f"{rate:.4g} frames a second, not the {expect.frame_rate:g} that were asked for",
        name="frame_rate",
    )


_COARSER = 0.04  # nobody minds 12 frames a second, but 24 of the same are better
_LOW_RATE = 7.0  # drawings on 3s come at 8 a second, on 4s at 6 where a file joins equal frames


def _frame_count(n: Numbers, expect: Expectation) -> Finding | None:
    asked = expect.frames
    if asked is None and expect.duration_s is not None and expect.frame_rate is not None:
        asked = round(expect.duration_s * expect.frame_rate)
    if asked is None:
        return None
    return _asked(
        "frame_count",
        n["frames"],
        asked,
        slack=max(_FRAMES_TOLERANCE, _DURATION_TOLERANCE * asked),
        text=f"{_many(n['frames'], 'frames')} at {n['frame_rate']:.4g}/s instead of {asked:.0f}",
        name="frames",
    )


def _broken(n: Numbers, _expect: Expectation) -> Finding | None:
    declared = n.get("declared_frames", 0.0)
    missing = max(0.0, declared - n["frames"] - _FRAMES_TOLERANCE)
    if not n["damaged"] and not missing:
        return None
    return Finding(
        kind="corrupt",
        amount=_FACT + math.log1p(n["damaged"]) + missing / max(1.0, declared),
        weight=1.0,
        measurement="damaged" if n["damaged"] else "declared_frames",
        message="the stream is damaged: "
        + (f"{n['frames']:.0f} of {_many(declared, 'frames')} can be shown" if missing else "")
        + ("; " if missing and n["damaged"] else "")
        + (f"{_many(n['damaged'], 'packets')} can't be decoded" if n["damaged"] else ""),
    )


def _foreign(n: Numbers, _expect: Expectation) -> Finding | None:
    by = n.get("foreign", 0.0)
    if by <= (_OF_CODEC if _coded(n) >= _CODED_FROM else 1.0):
        return None
    frame = int(n["foreign_frame"])
    return Finding(
        kind="corrupt",
        amount=_FACT + 0.3 * math.log(by),
        weight=1.0,
        measurement="foreign",
        message=f"squares that don't belong to it lie over frame {frame}, as after lost packets",
        where=(FrameRange(frame, frame),),
    )


_OF_CODEC = 3.0  # what strong compression brings and takes away again is no lost packet


def _compression(n: Numbers, _expect: Expectation) -> Finding:
    found = _coded(n) if n.get("foreign", 0.0) <= _OF_CODEC else 0.0  # else they are those squares
    return Finding(
        kind="compression",
        amount=_SEEN + found - _CODED_FROM if found >= _CODED_FROM else 0.0,
        weight=0.2,
        measurement="blocks",
        message="coded so strongly that the blocks of the codec are seen",
    )


def _coded(n: Numbers) -> float:
    """Return how far the frame that stands for the clip shows blocks of 8 and of 16 pixels."""
    return n.get("blocks", 0.0) + _OF_MACROBLOCKS * max(0.0, n.get("macroblocks", 0.0))


# Of 160 correct clips by x264 crf 18 to 32, MPEG-4 and VP9 one is above 0.27 (its art is blocky);
# of 20 coded by crf 42 to 46 fourteen are. Frames alone are forgiven half of it.
_OF_MACROBLOCKS, _CODED_FROM, _SEEN = 0.3, 0.28, 0.25


def _dead(n: Numbers, _expect: Expectation) -> Finding | None:
    if not _is_dead(n):
        return None
    return Finding(
        kind="dead",
        amount=2.0,
        weight=1.0,
        measurement="moving",
        message="it has a single frame"
        if n["frames"] == 1
        else f"nothing moves in {n['frames']:.0f} frames",
        where=(FrameRange(0, int(n["frames"]) - 1),),
    )


def _is_dead(n: Numbers) -> bool:
    """Whether nothing ever moved; a codec goes on refining a still picture for some frames.

    A thrifty one never ends, at a few fine lines and only by a little.
    """
    settles = n["largest_step"] < _SETTLING and n["moving"] <= _SETTLED
    furthest = max(n["largest_step"], n.get("reach", _MENDING))
    return (
        n["drawings"] <= 1 or settles or (furthest < _MENDING and n["reached"] < _MENDED_AT_LINES)
    )


_SETTLING, _SETTLED = 6.0, 0.1  # levels of a cell; share of the frames
_MENDING, _MENDED_AT_LINES = 9.0, 0.03  # levels; share of the cells. Mouths and eyes change by 60


def _frozen(n: Numbers, _expect: Expectation) -> Finding | None:
    spans = _ranges("frozen", n)
    if not spans or _is_dead(n):
        return None
    longest = n["longest_hold"]
    return Finding(
        kind="frozen",
        amount=_FACT + math.log(max(longest, 2.0) / 2.0) + 0.1 * (len(spans) - 1),
        weight=1.0,
        measurement="longest_hold",
        message=f"stands still for {longest:.1f} s; drawings here are held for "
        f"{_many(n['cadence'], 'frames')}",
        where=spans,
    )


def _stutter(n: Numbers, expect: Expectation) -> Finding | None:
    breaks = found = n["breaks"]
    if n.get("foreign", 0.0) > 1 or _flicker(n, expect).amount >= _PUMPING:
        breaks = min(breaks, _HARDLY)
    is_felt = breaks >= _FELT
    return Finding(
        kind="stutter",
        amount=_SLIGHT * breaks + (_HITCH + _MORE * (breaks - _FELT) if is_felt else 0.0),
        weight=1.0,
        measurement="breaks",
        message=f"{found:.1f} breaks of the rhythm within 5 s, in motion on {n['cadence']:.0f}s",
        where=_ranges("stutter", n),
    )


_SLIGHT, _HITCH, _MORE = 0.1, 0.16, 0.2
_FELT, _HARDLY = 0.7, 0.5  # of a break: less may be the animator's
_PUMPING = 0.2  # amount of flicker: light or squares that come and go look like steps of motion


def _flicker(n: Numbers, _expect: Expectation) -> Finding:
    by_name = {
        "flicker": n["flicker"],
        "part_flicker": _OF_PART * n["part_flicker"],
        "tint_flicker": n["tint_flicker"] / 128,
    }
    name = max(by_name, key=lambda key: by_name[key])
    what = "a part of the picture" if name == "part_flicker" else "the picture"
    shown = f"{n[name]:.1f} levels" if name == "tint_flicker" else f"{n[name]:.1%} of its light"
    return Finding(
        kind="flicker",
        amount=0.6 * max(0.0, math.log(max(by_name[name], 1e-9) / _FLICKER_FROM)),
        weight=1.0,
        measurement=name,
        message=f"{what} pumps by {shown}",
        where=_ranges("flicker", n),
    )


# Of linear luminance; named from 0.0165 and 0.03 of a part. Of 100 correct clips none comes to more
# than 0.0106, in shaking and tilting pictures, and none at all in a part.
_FLICKER_FROM, _OF_PART = 0.0113, 0.55


def _noise(n: Numbers, _expect: Expectation) -> Finding | None:
    grain = _not_texture(n.get("grain", 0.0), n)
    residue = max(n.get(name, 0.0) for name in RESIDUES)
    return Finding(
        kind="noise",
        amount=_OF_RESIDUE * min(residue, _MOST_RESIDUE)
        + _FAINT_GRAIN * min(grain, _GRAIN_FROM)
        + (_GRAINY + 0.5 * math.log(grain / _GRAIN_FROM) if grain > _GRAIN_FROM else 0.0),
        weight=1.0,
        measurement="grain",
        message=f"noise that changes from frame to frame by {grain:.1f} levels, also where "
        "nothing moves",
    )


def _not_texture(grain: float, n: Numbers) -> float:
    """Return the grain that is no texture passing by: noise is in the frames themselves as well."""
    if not n.get("camera_moves") or "noise_luma" not in n:
        return grain
    noisy = min(max((n["noise_luma"] - _TEXTURE) / _NOISIER, 0.0), 1.0)
    return max(min(grain, _PASSING), noisy * grain)


# Levels of a frame's noise. What passes by in nine clips of painted backgrounds has 0.2 to 1.9;
# with noise of 8 levels and more 3.4 to 8, unless the codec smooths it away.
_TEXTURE, _NOISIER, _PASSING = 1.9, 1.0, 0.3

RESIDUES = ("residual_luma", "residual_coarse")
"""Measurements of a frame that tell what a codec leaves of noise when it smooths it away."""


OF_FRAMES = (*RESIDUES, "noise_luma", "blocks", "macroblocks")
"""Measurements of the frame that stands for a clip which checks of the clip read."""

_OF_RESIDUE, _MOST_RESIDUE = 0.3, 0.3  # amount per level; levels: what is more is the frame's own
# Levels. Eight kinds of drawn animation by x264 crf 20 and 32 and MPEG-4 measure 0.0, with film
# grain of 3 levels up to 0.46; with noise of 8 levels 0.66 and more, unless crf 32 removes it.
_GRAIN_FROM, _GRAINY, _FAINT_GRAIN = 0.5, 0.15, 0.2  # amount by which it is named, and per level


def _scene_jump(n: Numbers, expect: Expectation) -> Finding | None:
    spans = _ranges("scene_jump", n)
    if expect.may_cut or not spans:
        return None
    return Finding(
        kind="scene_jump",
        amount=_FACT + 0.1 * n["scene_jump_count"],
        weight=1.0,
        measurement="scene_jump_count",
        message=f"{_many(n['scene_jump_count'], 'cuts')} inside one shot",
        where=spans,
    )


def _black(n: Numbers, _expect: Expectation) -> Finding | None:
    spans = _ranges("black_frames", n)
    if not spans:
        return None
    lost = sum(span.last - span.first + 1 for span in spans)
    spells = n["black_frames_count"]
    return Finding(
        kind="black_frames",
        amount=_FACT + 0.1 * math.log(lost),
        weight=1.0,
        measurement="black_frames_count",
        message=f"{_many(lost, 'black or blank frames')} inside the clip"
        + (f", in the {len(spans)} longest of {spells:.0f} spells" if spells > len(spans) else ""),
        where=spans,
    )


def _drift(n: Numbers, _expect: Expectation) -> Finding | None:
    if "drift" not in n:
        return None
    light, tint, colour = n["drift"], n.get("drift_tint", 0.0), n.get("drift_colour", 0.0)
    found = {
        "drift": (abs(light) - 0.06) / 0.25,
        "drift_tint": (abs(tint) - 4.0) / 16.0,
        "drift_colour": (abs(colour) - 0.15) / 0.5,
    }
    name = max(found, key=lambda name: found[name])
    messages = {
        "drift": f"the picture slides {'brighter' if light > 0 else 'darker'} "
        f"by {abs(math.expm1(light)):.0%} over the clip",
        "drift_tint": f"the picture's tint slides by {abs(tint):.0f} levels over the clip",
        "drift_colour": f"the picture's colours slide {'stronger' if colour > 0 else 'paler'} "
        f"by {abs(math.expm1(colour)):.0%} over the clip",
    }
    return Finding(
        kind="drift",
        amount=max(0.0, found[name]),
        weight=1.0,
        measurement=name,
        message=messages[name],
    )


def _seam(n: Numbers, expect: Expectation) -> Finding | None:
    if not expect.loops:
        return None
    return Finding(
        kind="loop_seam",
        amount=max(0.0, n["seam"] - 0.5) / 3.0,
        weight=1.0,
        measurement="seam",
        message=f"the last frame misses the first by {n['seam']:.1f} levels beyond a usual step",
        where=(FrameRange(int(n["frames"]) - 1, int(n["frames"]) - 1),),
    )


def _flash(n: Numbers, _expect: Expectation) -> Finding | None:
    spans = _ranges("flash", n)
    if not spans:
        return None
    is_red = n["red_transitions"] > max(n["flash_transitions"], MAX_TRANSITIONS)
    count = max(n["flash_transitions"], n["red_transitions"]) / 2
    return Finding(
        kind="flash",
        amount=_FACT + math.log(count * 2 / MAX_TRANSITIONS),
        weight=1.0,
        measurement="red_transitions" if is_red else "flash_transitions",
        message=f"{count:g} {'red ' if is_red else ''}flashes in a second; checked against the "
        "thresholds of ITU-R BT.1702 and WCAG, which allow 3",
        where=spans,
    )


def _flash_sequence(n: Numbers, _expect: Expectation) -> Finding | None:
    if n["flash_sequence"] <= SEQUENCE_S:
        return None
    return Finding(
        kind="flash_sequence",
        amount=_FACT,
        weight=1.0,
        measurement="flash_sequence",
        message=f"flashes follow each other for {n['flash_sequence']:.1f} s; ITU-R BT.1702 "
        f"advises against more than {SEQUENCE_S:.0f} s",
    )


def _sound(n: Numbers, _expect: Expectation) -> Finding | None:
    if "sound_duration" in n:
        return None
    return Finding(
        kind="audio_missing",
        amount=_FACT,
        weight=1.0,
        measurement="sound_duration",
        message="there is no sound",
    )


def _sound_length(n: Numbers, _expect: Expectation) -> Finding | None:
    length = n.get("sound_duration")
    if length is None or abs(length - n["duration"]) <= 0.2:
        return None
    return Finding(
        kind="av_length",
        amount=0.2 + abs(math.log(max(length, 0.01) / max(n["duration"], 0.01))),
        weight=1.0,
        measurement="sound_duration",
        message=f"the sound lasts {length:.2f} s, the picture {n['duration']:.2f} s",
    )


def _loudness(n: Numbers, _expect: Expectation) -> Finding | None:
    level, peak = n.get("loudness"), n.get("true_peak")
    if level is None or peak is None:
        return None
    off = max(0.0, LOUDNESS_LUFS[0] - level, level - LOUDNESS_LUFS[1])
    over = max(0.0, peak - PEAK_DBTP)
    if off <= 0.5 and over <= 0.1 and n["clipped"] < 1e-4:
        return None
    return Finding(
        kind="loudness",
        amount=0.15 + off / 10 + over / 3,
        weight=0.5,
        measurement="loudness" if off > over else "true_peak",
        message=f"loudness {level:.1f} LUFS (−23 for broadcast to −14 for streaming), true peak "
        f"{peak:.1f} dBTP (at most −1)",
    )


def _ranges(kind: str, n: Numbers) -> tuple[FrameRange, ...]:
    return tuple(
        FrameRange(int(n[f"{kind}_{number}_first"]), int(n[f"{kind}_{number}_last"]))
        for number in range(1, SPANS + 1)
        if f"{kind}_{number}_first" in n
    )


def glitch_findings(n: Numbers) -> list[Finding]:
    """Return what single frames suffer from, as stored by `clips.glitches`."""
    found = []
    for kind in GLITCHES:
        severity = n.get(f"glitch_{kind}")
        is_told = kind in _OF_SQUARES and n.get("foreign", 0.0) > 1
        if severity is not None and not is_told:
            frame = int(n[f"glitch_{kind}_frame"])
            found.append(
                Finding(
                    kind=kind,
                    amount=-math.log1p(-min(severity, 0.9999)),
                    weight=0.5,
                    measurement=f"glitch_{kind}",
                    message=f"frame {frame} {_GLITCHED[kind]} than the frames beside it",
                    where=(FrameRange(frame, frame),),
                )
            )
    return found


_GLITCHED: Mapping[str, str] = MappingProxyType(
    {
        "corrupt": "is more torn or broken",
        "compression": "is coded much more strongly",
        "noise": "is noisier",
        "partial_blank": "has a larger empty part",
    }
)
_OF_SQUARES = frozenset({"corrupt", "compression"})  # what squares look like in a single frame


def size_findings(width: int, height: int, expect: Expectation) -> list[Finding]:
    """Return a finding when the frames have another size than was asked for."""
    asked = (expect.width or width, expect.height or height)
    if asked == (width, height):
        return []
    by = abs(math.log(max(width * height, 1) / (asked[0] * asked[1])))
    return [
        Finding(
            kind="resolution",
            amount=_FACT + by,
            weight=1.0,
            measurement="width",
            message=f"{width}×{height} px instead of {asked[0]}×{asked[1]}",
        )
    ]


def delivery(points: Sequence[str]) -> Finding:
    """Return the finding of a file that fails points of the delivery profile."""
    return Finding(
        kind="delivery",
        amount=0.2 * len(points),
        weight=0.2,
        measurement="delivery_points",
        message="would not play everywhere as it is: " + "; ".join(points),
    )


CHECKS: tuple[Check, ...] = (
    _duration,
    _frame_rate,
    _frame_count,
    _broken,
    _foreign,
    _compression,
    _dead,
    _frozen,
    _stutter,
    _flicker,
    _noise,
    _scene_jump,
    _drift,
    _black,
    _seam,
    _flash,
    _flash_sequence,
    _sound,
    _sound_length,
    _loudness,
)
"""All checks of a clip, in the order of reports."""
