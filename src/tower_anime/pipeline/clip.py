"""One clip from file to assessment: the same way for the pipeline and for `assess`."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import cv2

from tower_anime.assess import clip_intent, judge, stills
from tower_anime.assess import clips as clip_core
from tower_anime.assess.clip_judge import as_frames, judge_clip
from tower_anime.assess.foreign import Straight, squares_over, straight_edges
from tower_anime.assess.sampling import Sampler
from tower_anime.assess.track import Track, TrackMeter
from tower_anime.domain.delivery import failed_points
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Asked, Assessment, Measurements, Profile
from tower_anime.errors import CorruptOutput, FailureClass, Unreadable
from tower_anime.pipeline import told
from tower_anime.pipeline.picture import looked_at
from tower_anime.pipeline.unthreaded import unthreaded
from tower_anime.ports import ClipFrame, Clips, OpenClip, Vision

NOTHING = Expectation()

_ALIEN = 1.0  # levels: what stands out by less from its neighbours may show squares, at most
_AT_ONCE, _AT_ONCE_PX = 16, 8_000_000  # frames that are followed together, and their pixels
_LARGE_PX = 640_000  # of a frame: from here on two at once are looked at in less time


def assess_clip(
    clips: Clips,
    source: Path,
    *,
    profile: Profile,
    prompt: str | None,
    negative: str = "",
    expect: Expectation = NOTHING,
    vision: Vision | None = None,
) -> Assessment:
    """Decode, measure and judge one clip in one pass and constant memory.

    What can't be read gets an error and no score, as does a clip without a single frame, or one
    for which the memory of this machine does not suffice. Without a prompt (None) the one that
    the file carries counts. `vision` looks at the frame that stands for the clip.
    """
    started_s = time.perf_counter()
    try:
        with unthreaded(), clips.open(source) as clip:
            asked = told.asked_of(clip.facts.texts, prompt=prompt, negative=negative, expect=expect)
            return _assess(clip, profile, asked=asked, vision=vision, started_s=started_s)
    except Unreadable as error:
        return _without_score(error.kind, str(error), profile)
    except CorruptOutput as error:
        return _without_score("corrupt", str(error), profile)
    except MemoryError:
        return _without_memory(profile)
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        return _without_memory(profile)


def _assess(
    clip: OpenClip,
    profile: Profile,
    *,
    asked: Asked | None,
    vision: Vision | None,
    started_s: float,
) -> Assessment:
    track, sampler = _watched(clip)
    stream = clip.stream()
    facts = clip.facts
    measured = clip_core.measure(track, facts, stream, clip.listen())
    width, height = facts.width, facts.height
    if stream.rotation_deg in (90, 270):
        width, height = height, width
    asked = told.without_larger_size(asked, width, height) or Asked()
    relaxation = clip_intent.read_intent_of_clip(asked.prompt, asked.negative)
    forgiven = as_frames(relaxation.shares)
    at_once = 2 if width * height >= _LARGE_PX else 1
    looks, straight, squares = _looked_at(sampler, profile, forgiven, at_once=at_once)
    odd, oddest = sampler.odd_frames(), sampler.odd_frames(at_least=_ALIEN)
    typical = clip_core.representative(looks, track, odd=odd)
    if typical is not None and vision is not None:
        pixels = sampler.chosen()[typical].picture()
        seen = looked_at(vision, pixels, looks[typical], profile)
        looks[typical] = _judged(pixels, {**looks[typical].measurements, **seen}, profile, forgiven)
    return judge_clip(
        {
            **measured,
            **clip_core.foreign_squares(
                straight, max(width, height), track, odd=odd, squares=squares
            ),
            **clip_core.glitches(looks, typical, track, odd=oddest),
        },
        None if typical is None else looks[typical],
        profile=profile,
        width=width,
        height=height,
        expect=clip_intent.expected(asked.prompt, asked.expect, asked.negative),
        failed_delivery=failed_points(facts, stream),
        relaxed=relaxation.shares,
        asked=None if asked == Asked() else told.with_words(asked, relaxation),
        seconds=time.perf_counter() - started_s,
    )


def _watched(clip: OpenClip) -> tuple[Track, Sampler[ClipFrame]]:
    """Follow the frames of each batch while the next one is decoded."""
    meter, sampler = TrackMeter(), Sampler[ClipFrame]()
    at_once = max(1, min(_AT_ONCE, _AT_ONCE_PX // (clip.facts.width * clip.facts.height)))
    shown = enumerate(clip.frames())
    with ThreadPoolExecutor(1) as decoder:
        ahead = decoder.submit(_taken, shown, at_once)
        while batch := ahead.result():
            ahead = decoder.submit(_taken, shown, at_once)
            stood_out = meter.see([frame.glimpse for _, frame in batch])
            for (index, frame), before in zip(batch, stood_out, strict=True):
                sampler.offer(index, frame, before=before)
    if not meter.frames:
        raise Unreadable("not a single frame of the video decodes", kind="no_frames")
    return meter.track(), sampler


def _taken(frames: Iterator[tuple[int, ClipFrame]], most: int) -> list[tuple[int, ClipFrame]]:
    return list(islice(frames, most))


def _looked_at(
    sampler: Sampler[ClipFrame], profile: Profile, relaxed: Mapping[str, float], *, at_once: int
) -> tuple[dict[int, Assessment], dict[int, Straight], dict[int, float]]:
    """Return by frame what the chosen ones are worth, their straight edges, and alien squares."""
    chosen, odd = sampler.chosen(), sampler.odd_frames()
    closely = {*sampler.closely(), *sampler.odd_frames(at_least=_ALIEN)}
    beside = {i: (odd[i], by) for i, by in sampler.frames_beside().items() if i in odd}
    beside = {**sampler.lasting(), **beside}
    look = partial(_look, closely=closely, profile=profile, relaxed=relaxed)
    with ThreadPoolExecutor(at_once) as pool:
        alien = pool.map(_squares, beside.values())
        found = list(pool.map(look, chosen.items()))
    looks = {index: seen for index, (seen, _) in zip(chosen, found, strict=True) if seen}
    straight = {index: own for index, (_, own) in zip(chosen, found, strict=True)}
    return looks, straight, dict(zip(beside, alien, strict=True))


def _squares(shown: tuple[ClipFrame, tuple[ClipFrame, ClipFrame]]) -> float:
    frame, (before, after) = shown
    return squares_over(frame.luma(), before.luma(), after.luma())


def _look(
    shown: tuple[int, ClipFrame],
    *,
    closely: Collection[int],
    profile: Profile,
    relaxed: Mapping[str, float],
) -> tuple[Assessment | None, Straight]:
    index, frame = shown
    pixels = frame.picture()
    if index not in closely:
        return None, straight_edges(pixels)
    return _judged(pixels, stills.measure(pixels), profile, relaxed), straight_edges(pixels)


def _judged(
    pixels: Frame, measurements: Measurements, profile: Profile, relaxed: Mapping[str, float]
) -> Assessment:
    height, width = pixels.shape[:2]
    return judge.judge(
        measurements, kind="video", width=width, height=height, profile=profile, relaxed=relaxed
    )


def _without_memory(profile: Profile) -> Assessment:
    text = "the memory of this machine does not suffice to measure the clip"
    return _without_score(FailureClass.OUT_OF_MEMORY.value, text, profile)


def _without_score(kind: str, message: str, profile: Profile) -> Assessment:
    return judge.unreadable(kind_of_error=kind, message=message, kind="video", profile=profile)
