"""A clip in numbers, and what they mean: arithmetic on the track, the file's facts and stills.

`measure` gathers the numbers; `judge_clip` needs nothing else, so that a new threshold judges
old clips again without opening a file. Amounts, severities and losses are those of `judge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tower_anime.assess import judge
from tower_anime.assess.cadence import cadence
from tower_anime.assess.flash import MAX_TRANSITIONS, SEQUENCE_FROM, SEQUENCE_S
from tower_anime.assess.pulse import pulse
from tower_anime.assess.spans import Span, runs_of
from tower_anime.assess.track import Track
from tower_anime.domain.clip import ClipFacts, Expectation, SoundTrack, StreamFacts
from tower_anime.domain.quality import (
    Action,
    Assessment,
    Defect,
    FrameRange,
    Measured,
    Measurement,
    Measurements,
    Profile,
    Unmeasured,
    Verdict,
)

SPANS = 3
"""How many stretches of one kind are kept, the worst ones."""

DEFAULT_ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "flash": Action.REJECT,
        "delivery": Action.WARN,
        "flash_sequence": Action.WARN,
        "audio_missing": Action.OFF,
        "loudness": Action.WARN,
    }
)
"""What is done about a clip's defects where the profile does not say; the others count."""


# ---- numbers --------------------------------------------------------------------------------


def measure(
    track: Track, facts: ClipFacts, stream: StreamFacts, sound: SoundTrack | None
) -> Measurements:
    """Return a clip's own measurements; those of its frames come on top."""
    timing, whole = cadence(track, stream.frame_rate), pulse(track, stream.frame_rate)
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
        "longest_hold": Measured(round(timing.longest_hold_s, 4), "s"),
        "flicker": Measured(round(whole.flicker, 5), "ratio"),
        "tint_flicker": Measured(round(whole.tint_flicker, 3), "levels"),
        "drift": _known(whole.drift_light, "ln", "the picture as a whole moves or is cut"),
        "seam": Measured(round(whole.seam, 3), "levels"),
        "flash_transitions": Measured(float(track.flash.luminance.max()), "per s"),
        "red_transitions": Measured(float(track.flash.red.max()), "per s"),
        "flash_sequence": Measured(round(_sequence_s(track), 3), "s"),
        **_sound_values(facts, sound),
    }
    spans = {
        "frozen": timing.frozen,
        "stutter": timing.stutter,
        "flicker": whole.flickers if whole.flicker else (),
        "scene_jump": whole.cuts,
        "black_frames": whole.black,
        "flash": _flash_spans(track),
    }
    for kind, found in spans.items():
        values |= _span_values(kind, found)
    return values


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


# ---- judgement ------------------------------------------------------------------------------


def representative(looks: Mapping[int, Assessment]) -> Assessment | None:
    """Return the assessment of the frame that stands for the clip: its lower quartile.

    One frame of many may be in a fade or in full motion; a quarter of them is what one sees.
    """
    by_score = sorted(
        (look for look in looks.values() if look.score is not None),
        key=lambda look: look.score or 0,
    )
    return by_score[len(by_score) // 4] if by_score else None


Numbers = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class _Finding:
    kind: str
    amount: float
    weight: float
    measurement: str
    message: str
    where: tuple[FrameRange, ...] = ()


_Check = Callable[[Numbers, Expectation], _Finding | None]


def judge_clip(
    measurements: Measurements,
    still: Assessment | None,
    *,
    profile: Profile,
    width: int,
    height: int,
    expect: Expectation,
    failed_delivery: Sequence[str] = (),
    relaxed: Mapping[str, float] = MappingProxyType({}),
    seconds: float = 0.0,
) -> Assessment:
    """Judge a clip by its own measurements and the assessment of its representative frame.

    Args:
        measurements: of `measure`.
        still: of the frame that stands for the clip; None: none could be looked at.
        profile: as for stills; where it says nothing, `DEFAULT_ACTIONS` holds.
        width: as shown, in pixels.
        height: as shown, in pixels.
        expect: what was asked for.
        failed_delivery: the points of the delivery profile that the file fails, in words.
        relaxed: defect kind → share (0–1) of its amount that intent forgives.
        seconds: what measuring took, passed on.
    """
    numbers = {name: m.value for name, m in measurements.items() if isinstance(m, Measured)}
    findings = [finding for check in _CHECKS if (finding := check(numbers, expect)) is not None]
    findings += _size_findings(width, height, expect)
    if failed_delivery:
        findings.append(_delivery(failed_delivery))
    own = [_weighed(finding, profile, relaxed) for finding in findings]
    named = [
        (finding, loss) for finding, loss in own if _severity(finding.amount) >= judge.NAMED_FROM
    ]
    still_loss = -math.log(max(still.score, 1e-12)) if still and still.score is not None else 0.0
    loss = still_loss + sum(part for _, part in own)
    defects = _defects(named, still, still_loss)
    everything = {**(still.measurements if still else {}), **measurements}
    score = math.exp(-loss) if still is not None and still.score is not None else None
    return Assessment(
        kind="video",
        width=width,
        height=height,
        score=score,
        verdict=_verdict(score, defects, everything, profile),
        threshold=profile.threshold,
        defects=defects,
        measurements=everything,
        profile=profile.name,
        assessor=judge.ASSESSOR,
        seconds=seconds,
        relaxed=dict(relaxed),
    )


def action_of(kind: str, profile: Profile) -> Action | None:
    """Return what a profile does about a clip's defect; None: it counts."""
    return profile.actions.get(kind, DEFAULT_ACTIONS.get(kind))


def _weighed(
    finding: _Finding, profile: Profile, relaxed: Mapping[str, float]
) -> tuple[_Finding, float]:
    """Return the finding after intent, and its loss; one that is off has amount 0."""
    action = action_of(finding.kind, profile)
    forgiven = 1.0 if action is Action.OFF else min(max(relaxed.get(finding.kind, 0.0), 0.0), 1.0)
    amount = finding.amount * (1 - forgiven)
    counts = action in (None, Action.REJECT)
    kept = _Finding(**{**finding.__dict__, "amount": amount})
    return kept, finding.weight * amount if counts else 0.0


def _severity(amount: float) -> float:
    return -math.expm1(-amount)


def _defects(
    named: Sequence[tuple[_Finding, float]], still: Assessment | None, still_loss: float
) -> tuple[Defect, ...]:
    """Return one defect for each stretch, worst first; their shares of the loss sum to 1."""
    total = still_loss + sum(loss for _, loss in named)
    found = [
        Defect(
            kind=finding.kind,
            severity=_severity(finding.amount),
            message=finding.message,
            measurement=finding.measurement,
            where=where,
            loss=loss / total / max(1, len(finding.where)) if total else 0.0,
        )
        for finding, loss in named
        for where in finding.where or (None,)
    ]
    for defect in still.defects if still else ():
        share = defect.loss * still_loss / total if total else 0.0
        found.append(
            Defect(
                kind=defect.kind,
                severity=defect.severity,
                message=defect.message,
                measurement=defect.measurement,
                where=defect.where,
                loss=share,
            )
        )
    scale = sum(defect.loss for defect in found)
    if scale:
        found = [Defect(**{**defect.__dict__, "loss": defect.loss / scale}) for defect in found]
    return tuple(sorted(found, key=lambda defect: -defect.loss))


def _verdict(
    score: float | None, defects: Sequence[Defect], measurements: Measurements, profile: Profile
) -> Verdict:
    if any(action_of(defect.kind, profile) is Action.REJECT for defect in defects):
        return Verdict.REJECT
    if score is None:
        return Verdict.UNMEASURED
    if score < profile.threshold:
        return Verdict.REJECT
    measured = all(isinstance(measurements.get(name), Measured) for name in profile.required)
    return Verdict.PASS if measured else Verdict.UNMEASURED


# ---- checks ---------------------------------------------------------------------------------

_FACT = 0.5  # amount of what is simply not what was asked: alone it costs the pass
_DURATION_TOLERANCE, _FRAMES_TOLERANCE = 0.005, 2


def _asked(
    kind: str, got: float, asked: float, *, slack: float, text: str, name: str
) -> _Finding | None:
    if abs(got - asked) <= slack:
        return None
    ratio = abs(math.log(max(got, 1e-3) / max(asked, 1e-3)))
    return _Finding(kind=kind, amount=_FACT + ratio, weight=1.0, measurement=name, message=text)


def _duration(n: Numbers, expect: Expectation) -> _Finding | None:
    if expect.duration_s is None:
        return _lied_about(n)
    slack = max(
        _DURATION_TOLERANCE * expect.duration_s, _FRAMES_TOLERANCE / max(n["frame_rate"], 1)
    )
    return _asked(
        "duration",
        n["duration"],
        expect.duration_s,
        slack=slack + 1e-6,
        text=f"lasts {n['duration']:.2f} s ({n['frames']:.0f} frames at {n['frame_rate']:.4g}/s), "
        f"not the {expect.duration_s:g} s that were asked for",
        name="duration",
    )


def _lied_about(n: Numbers) -> _Finding | None:
    """Name a container that promises another length than its frames have."""
    declared = n.get("declared_duration")
    if declared is None or declared <= 0:
        return None
    return _asked(
        "duration",
        n["duration"],
        declared,
        slack=max(0.05 * declared, 0.25),
        text=f"the container says {declared:.2f} s, its frames last {n['duration']:.2f} s",
        name="declared_duration",
    )


def _frame_rate(n: Numbers, expect: Expectation) -> _Finding | None:
    rate = n["frame_rate"]
    if expect.frame_rate is None:
        return _Finding(
            kind="frame_rate",
            amount=0.6 * max(0.0, math.log(_LOW_RATE / max(rate, 0.5))),
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


_LOW_RATE = 9.0  # AnimateDiff makes 8 a second and looks choppy; drawings on 3s come at 8, too


def _frame_count(n: Numbers, expect: Expectation) -> _Finding | None:
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
        text=f"{n['frames']:.0f} frames at {n['frame_rate']:.4g}/s instead of {asked:.0f}",
        name="frames",
    )


def _broken(n: Numbers, _expect: Expectation) -> _Finding | None:
    declared = n.get("declared_frames", 0.0)
    missing = max(0.0, declared - n["frames"] - _FRAMES_TOLERANCE)
    if not n["damaged"] and not missing:
        return None
    return _Finding(
        kind="corrupt",
        amount=_FACT + math.log1p(n["damaged"]) + missing / max(1.0, declared),
        weight=1.0,
        measurement="damaged" if n["damaged"] else "declared_frames",
        message=f"the stream is damaged: {n['frames']:.0f} frames of {declared:.0f} decode, "
        f"{n['damaged']:.0f} packets do not"
        if declared
        else f"the stream is damaged: {n['damaged']:.0f} packets do not decode",
    )


def _dead(n: Numbers, _expect: Expectation) -> _Finding | None:
    if n["drawings"] > 1:
        return None
    return _Finding(
        kind="dead",
        amount=2.0,
        weight=1.0,
        measurement="moving",
        message=f"nothing moves in {n['frames']:.0f} frames",
        where=(FrameRange(0, int(n["frames"]) - 1),),
    )


def _frozen(n: Numbers, _expect: Expectation) -> _Finding | None:
    spans = _ranges("frozen", n)
    if not spans or n["drawings"] <= 1:
        return None
    longest = n["longest_hold"]
    return _Finding(
        kind="frozen",
        amount=_FACT + math.log(max(longest, 2.0) / 2.0) + 0.1 * (len(spans) - 1),
        weight=1.0,
        measurement="longest_hold",
        message=f"stands still for {longest:.1f} s; drawings here are held for "
        f"{n['cadence']:.0f} frames",
        where=spans,
    )


def _stutter(n: Numbers, _expect: Expectation) -> _Finding | None:
    spans = _ranges("stutter", n)
    breaks = sum(n[f"stutter_{number}_amount"] for number in range(1, len(spans) + 1))
    return _Finding(
        kind="stutter",
        amount=0.25 * breaks,
        weight=1.0,
        measurement="stutter_count",
        message=f"{breaks:.0f} breaks in the rhythm of motion on {n['cadence']:.0f}s",
        where=spans,
    )


def _flicker(n: Numbers, _expect: Expectation) -> _Finding | None:
    light = n["flicker"]
    tint = n["tint_flicker"] / 255 * 2
    worst = max(light, tint)
    return _Finding(
        kind="flicker",
        amount=max(0.0, math.log(max(worst, 1e-6) / 0.01)) * 0.4 if worst > 0.01 else 0.0,
        weight=1.0,
        measurement="flicker" if light >= tint else "tint_flicker",
        message=f"the whole picture pumps by {worst:.1%}",
        where=_ranges("flicker", n),
    )


def _scene_jump(n: Numbers, expect: Expectation) -> _Finding | None:
    spans = _ranges("scene_jump", n)
    if expect.may_cut or not spans:
        return None
    return _Finding(
        kind="scene_jump",
        amount=_FACT + 0.1 * n["scene_jump_count"],
        weight=1.0,
        measurement="scene_jump_count",
        message=f"{n['scene_jump_count']:.0f} cut(s) inside one shot",
        where=spans,
    )


def _black(n: Numbers, _expect: Expectation) -> _Finding | None:
    spans = _ranges("black_frames", n)
    if not spans:
        return None
    lost = sum(last.last - last.first + 1 for last in spans)
    return _Finding(
        kind="black_frames",
        amount=_FACT + 0.1 * math.log(lost),
        weight=1.0,
        measurement="black_frames_count",
        message=f"{lost} black or blank frame(s) inside the clip",
        where=spans,
    )


def _drift(n: Numbers, _expect: Expectation) -> _Finding | None:
    drift = n.get("drift")
    if drift is None:
        return None
    return _Finding(
        kind="drift",
        amount=max(0.0, (abs(drift) - 0.06) / 0.25),
        weight=1.0,
        measurement="drift",
        message=f"the picture slides {'brighter' if drift > 0 else 'darker'} "
        f"by {abs(math.expm1(drift)):.0%} over the clip",
    )


def _seam(n: Numbers, expect: Expectation) -> _Finding | None:
    if not expect.loops:
        return None
    return _Finding(
        kind="loop_seam",
        amount=max(0.0, n["seam"] - 0.5) / 3.0,
        weight=1.0,
        measurement="seam",
        message=f"the last frame misses the first by {n['seam']:.1f} levels beyond a usual step",
        where=(FrameRange(int(n["frames"]) - 1, int(n["frames"]) - 1),),
    )


def _flash(n: Numbers, _expect: Expectation) -> _Finding | None:
    spans = _ranges("flash", n)
    if not spans:
        return None
    is_red = n["red_transitions"] > max(n["flash_transitions"], MAX_TRANSITIONS)
    count = max(n["flash_transitions"], n["red_transitions"]) / 2
    return _Finding(
        kind="flash",
        amount=_FACT + math.log(count * 2 / MAX_TRANSITIONS),
        weight=1.0,
        measurement="red_transitions" if is_red else "flash_transitions",
        message=f"{count:g} {'red ' if is_red else ''}flashes in a second; checked against the "
        "thresholds of ITU-R BT.1702 and WCAG, which allow 3",
        where=spans,
    )


def _flash_sequence(n: Numbers, _expect: Expectation) -> _Finding | None:
    if n["flash_sequence"] <= SEQUENCE_S:
        return None
    return _Finding(
        kind="flash_sequence",
        amount=_FACT,
        weight=1.0,
        measurement="flash_sequence",
        message=f"flashes follow each other for {n['flash_sequence']:.1f} s; ITU-R BT.1702 "
        f"advises against more than {SEQUENCE_S:.0f} s",
    )


def _sound(n: Numbers, _expect: Expectation) -> _Finding | None:
    if "sound_duration" in n:
        return None
    return _Finding(
        kind="audio_missing",
        amount=_FACT,
        weight=1.0,
        measurement="sound_duration",
        message="there is no sound",
    )


def _sound_length(n: Numbers, _expect: Expectation) -> _Finding | None:
    length = n.get("sound_duration")
    if length is None or abs(length - n["duration"]) <= 0.2:
        return None
    return _Finding(
        kind="av_length",
        amount=0.2 + abs(math.log(max(length, 0.01) / max(n["duration"], 0.01))),
        weight=1.0,
        measurement="sound_duration",
        message=f"the sound lasts {length:.2f} s, the picture {n['duration']:.2f} s",
    )


def _loudness(n: Numbers, _expect: Expectation) -> _Finding | None:
    level, peak = n.get("loudness"), n.get("true_peak")
    if level is None or peak is None:
        return None
    off = max(0.0, -24.0 - level, level + 14.0)
    over = max(0.0, peak + 1.0)
    if off <= 0.5 and over <= 0.1 and n["clipped"] < 1e-4:
        return None
    return _Finding(
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


def _size_findings(width: int, height: int, expect: Expectation) -> list[_Finding]:
    asked = (expect.width or width, expect.height or height)
    if asked == (width, height):
        return []
    by = abs(math.log(max(width * height, 1) / (asked[0] * asked[1])))
    return [
        _Finding(
            kind="resolution",
            amount=_FACT + by,
            weight=1.0,
            measurement="width",
            message=f"{width}×{height} px instead of {asked[0]}×{asked[1]}",
        )
    ]


def _delivery(points: Sequence[str]) -> _Finding:
    return _Finding(
        kind="delivery",
        amount=0.2 * len(points),
        weight=0.2,
        measurement="delivery_points",
        message="would not play everywhere as it is: " + "; ".join(points),
    )


_CHECKS: tuple[_Check, ...] = (
    _duration,
    _frame_rate,
    _frame_count,
    _broken,
    _dead,
    _frozen,
    _stutter,
    _flicker,
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
