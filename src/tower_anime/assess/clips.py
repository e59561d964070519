"""A clip in numbers: the track, the file's facts and single frames gathered under their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tower_anime.assess.cadence import cadence
from tower_anime.assess.flash import MAX_TRANSITIONS, SEQUENCE_FROM
from tower_anime.assess.foreign import Straight, foreign
from tower_anime.assess.pulse import pulse
from tower_anime.assess.slide import Slide
from tower_anime.assess.spans import Span, runs_of
from tower_anime.assess.track import Series, Track
from tower_anime.domain.clip import ClipFacts, SoundTrack, StreamFacts
from tower_anime.domain.quality import (
    Assessment,
    FrameRange,
    Measured,
    Measurement,
    Measurements,
    Unmeasured,
)

SPANS = 3
"""How many stretches of one kind are kept, the worst ones."""

_HIGHEST_RATE = 240.0  # frames/s; a header that says more lies, and windows of time would be huge
_DIMMED, _SAME_LIGHT, _UNLIT = 0.7, 0.9, 0.03  # of the usual mean of luma

GLITCHES = ("corrupt", "compression", "noise", "partial_blank")
"""What light and motion do not make of a good frame."""


def measure(
    track: Track, facts: ClipFacts, stream: StreamFacts, sound: SoundTrack | None
) -> Measurements:
    """Return a clip's own measurements; those of its frames come on top."""
    rate = min(stream.frame_rate, _HIGHEST_RATE)
    whole = pulse(track, rate)
    timing = cadence(track, rate, cuts=[cut.frames.last for cut in whole.cuts])
    values: dict[str, Measurement] = {
        "frames": Measured(stream.frames, "frames"),
        "frame_rate": Measured(round(stream.frame_rate, 4), "frames/s"),
        "duration": Measured(round(stream.duration_s, 4), "s"),
        "declared_duration": _known(facts.duration_s, "s", "the container states no duration"),
        "declared_frames": _known(facts.frames, "frames", "the container states no count"),
        "damaged": Measured(stream.damaged, "packets"),
        "cadence": Measured(timing.on, "frames"),
        "drawings": Measured(timing.drawings, "drawings"),
        "moving": Measured(round(timing.moving, 5), "share"),
        "largest_step": Measured(round(float(track["change_max"].max()), 2), "levels"),
        **_reach_values(track),
        **_grain_values(track),
        "breaks": Measured(timing.breaks, "drawings"),
        "longest_hold": Measured(round(timing.longest_hold_s, 4), "s"),
        "flicker": Measured(round(whole.flicker, 5), "ratio"),
        "part_flicker": Measured(round(whole.part_flicker, 5), "ratio"),
        "tint_flicker": Measured(round(whole.tint_flicker, 3), "levels"),
        **_slid_values(whole.slid),
        "seam": Measured(round(whole.seam, 3), "levels"),
        "flash_transitions": Measured(float(track.flash.luminance.max()), "per s"),
        "red_transitions": Measured(float(track.flash.red.max()), "per s"),
        "flash_sequence": Measured(round(_sequence_s(track), 3), "s"),
        **_sound_values(facts, sound),
    }
    spans = {
        "frozen": timing.frozen,
        "stutter": timing.stutter,
        "flicker": whole.flickers,
        "scene_jump": whole.cuts,
        "black_frames": whole.black,
        "flash": _flash_spans(track),
    }
    for kind, found in spans.items():
        values |= _span_values(kind, found)
    return values


def _grain_values(track: Track) -> dict[str, Measurement]:
    """Return the noise of the frames before which the camera stands, or else of all."""
    known = np.isfinite(track["grain"])
    moves = known & (track["camera"] > 0)
    most_moves = 2 * np.count_nonzero(moves) >= np.count_nonzero(known)
    grain = track["grain"] if most_moves else track["grain"][known & ~moves]
    return {
        "grain": _known(_median_of(grain), "levels", "too few frames"),
        "camera_moves": Measured(float(moves.any() and most_moves)),
    }


def _reach_values(track: Track) -> dict[str, Measurement]:
    """Return how far cells come from what they were, in pictures from all over the clip."""
    lowest, highest = track.first.copy(), track.first.copy()
    for cells in (*(key.cells for key in track.keys), track.last):
        np.minimum(lowest, cells, out=lowest)
        np.maximum(highest, cells, out=highest)
    reach = highest - lowest
    return {
        "reach": Measured(round(float(reach.max()), 2), "levels"),
        "reached": Measured(round(float((reach > _SEEN_LEVELS).mean()), 5), "share"),
    }


_SEEN_LEVELS = 2.0  # change of a cell that a person sees beside an unchanged one


def _slid_values(slid: Slide | None) -> dict[str, Measurement]:
    if slid is None:
        reason = Unmeasured("too short, small or cut, or nothing in the picture stays what it is")
        return dict.fromkeys(("drift", "drift_tint", "drift_colour"), reason)
    return {
        "drift": Measured(round(slid.light, 5), "ln"),
        "drift_tint": Measured(round(slid.tint, 3), "levels"),
        "drift_colour": Measured(round(slid.colour, 5), "ln"),
    }


def _median_of(values: Series) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


def _known(value: float | None, unit: str, otherwise: str) -> Measurement:
    return Unmeasured(otherwise) if value is None else Measured(round(value, 5), unit)


def _sound_values(facts: ClipFacts, sound: SoundTrack | None) -> dict[str, Measurement]:
    if facts.sound is None or sound is None:
        reason = Unmeasured("no sound track" if facts.sound is None else "nothing of it decodes")
        names = ("sound_duration", "loudness", "true_peak", "silence", "clipped")
        return dict.fromkeys(names, reason)
    silence = "the sound track is silent"
    return {
        "sound_duration": Measured(round(sound.duration_s, 4), "s"),
        "loudness": _known(sound.loudness_lufs, "LUFS", silence),
        "true_peak": _known(sound.true_peak_dbtp, "dBTP", silence),
        "silence": Measured(round(sound.silent_s, 3), "s"),
        "clipped": Measured(round(sound.clipped_share, 6), "share"),
    }


def _span_values(kind: str, spans: Sequence[Span]) -> dict[str, Measurement]:
    """Return the worst spans as numbers, in the order of time; `<kind>_count` counts them all."""
    worst = sorted(spans, key=lambda span: -span.amount)[:SPANS]
    values: dict[str, Measurement] = {f"{kind}_count": Measured(len(spans), "stretches")}
    for number, span in enumerate(sorted(worst, key=lambda span: span.frames.first), start=1):
        values[f"{kind}_{number}_first"] = Measured(span.frames.first, "frames")
        values[f"{kind}_{number}_last"] = Measured(span.frames.last, "frames")
        values[f"{kind}_{number}_amount"] = Measured(round(span.amount, 4))
    return values


def _flash_spans(track: Track) -> tuple[Span, ...]:
    counted = track.flash
    worst = [max(pair) for pair in zip(counted.luminance, counted.red, strict=True)]
    over = counted.luminance > MAX_TRANSITIONS
    over |= counted.red > MAX_TRANSITIONS
    return tuple(
        Span(
            _second_before(frames, counted.time_s.tolist()),
            float(max(worst[frames.first : frames.last + 1])),
        )
        for frames in runs_of(over, bridge=2)
    )


def _second_before(frames: FrameRange, times: list[float]) -> FrameRange:
    """Return the range with the second in which the flashes were counted."""
    first = frames.first
    while first > 0 and times[frames.first] - times[first - 1] < 1.0:
        first -= 1
    return FrameRange(first, frames.last)


def _sequence_s(track: Track) -> float:
    """Return the longest time in which flashes, legal ones too, follow each other."""
    counted = track.flash
    busy = (counted.luminance >= SEQUENCE_FROM) | (counted.red >= SEQUENCE_FROM)
    times = counted.time_s
    return max(
        (float(times[frames.last] - times[frames.first]) + 1.0 for frames in runs_of(busy)),
        default=0.0,
    )


def representative(
    looks: Mapping[int, Assessment], track: Track, *, odd: Collection[int]
) -> int | None:
    """Return the frame that stands for the clip: the lower quartile of those looked at.

    One frame of many may be in full motion; a quarter of them is what one sees. `odd` frames, and
    those in a fade or a flash, much darker or brighter than the clip, only count where there are
    no others.
    """
    usual = float(np.median(track["luma"]))
    lit = [
        index
        for index in looks
        if index not in odd and _DIMMED * usual <= track["luma"][index] <= usual / _DIMMED
    ]
    scored = {index: score for index in lit or looks if (score := looks[index].score) is not None}
    by_score = sorted(scored, key=lambda index: scored[index])
    return by_score[(len(by_score) + 1) // 4] if by_score else None


def foreign_squares(
    straight: Mapping[int, Straight],
    longer_side: int,
    track: Track,
    *,
    odd: Collection[int],
    squares: Mapping[int, float],
) -> Measurements:
    """Return how much the frames show of squares that don't belong, the `odd` ones above all.

    `squares` tells of each odd one what neither a frame before nor the next has. Edges are
    compared with those of frames of the same shot that are about as bright: a fade blurs them.
    """
    usual = float(np.median(track["luma"]))
    lit = {
        i: edges
        for i, edges in straight.items()
        if _DIMMED * usual <= track["luma"][i] <= usual / (_SAME_LIGHT if i in odd else _DIMMED)
    }
    ends = [*sorted(jump.frame for jump in track.jumps), track.frames]
    shots = [
        {i: edges for i, edges in lit.items() if first <= i < last}
        for first, last in zip([0, *ends], ends, strict=False)
    ]
    found = [most for shot in shots if (most := foreign(shot, longer_side, odd)) is not None]
    found += [(by, index) for index, by in squares.items()]
    if not found:
        return {"foreign": Unmeasured("too few frames that are as bright as the others")}
    by, frame = max(found)
    return {"foreign": Measured(round(by, 4), "ratio"), "foreign_frame": Measured(frame, "frames")}


def _is_unlit(track: Track, first: int, last: int) -> bool:
    """Whether the light stays as it is between two frames: neither fade nor flash."""
    light = track["luma"][max(0, first) : last + 1]
    return bool(np.ptp(light) <= _UNLIT * np.median(track["luma"]))


def _is_flash(track: Track, index: int) -> bool:
    """Whether a frame is brighter than the one before: what is white there is no hole."""
    before, now = track["luma"][max(0, index - 1)], track["luma"][index]
    return bool(now - before > _UNLIT * np.median(track["luma"]))


def glitches(
    looks: Mapping[int, Assessment], typical: int | None, track: Track, *, odd: Collection[int]
) -> Measurements:
    """Return what single frames suffer from that the typical one does not, by kind.

    `odd` are the frames that stand out from both their neighbours. Those at the beginning of a fade
    or in a flash are coded in a hurry: their compression has no say.
    """
    if typical is None:
        return {}
    usual = {defect.kind for defect in looks[typical].defects}
    values: dict[str, Measurement] = {"typical_frame": Measured(typical, "frames")}
    for kind in GLITCHES:
        found = [
            (defect.severity, index)
            for index in odd
            if index in looks
            for defect in looks[index].defects
            if defect.kind == kind
            and kind not in usual
            and (kind != "compression" or _is_unlit(track, index - 1, index + 1))
            and (kind != "partial_blank" or not _is_flash(track, index))
        ]
        if found:
            severity, index = max(found)
            values[f"glitch_{kind}"] = Measured(round(severity, 4), "severity")
            values[f"glitch_{kind}_frame"] = Measured(index, "frames")
    return values
