from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.moving import HEIGHT, WIDTH, probe, stage, waving, write_clip
from tests.postgres import missing
from tower_anime.adapters.clip_frames import Painter, shown
from tower_anime.adapters.clips import AvClips
from tower_anime.domain.clip import StreamFacts
from tower_anime.domain.delivery import failed_points
from tower_anime.domain.frame import Frame
from tower_anime.errors import Unreadable

LOOK = stage(seed=3)
FRAMES = list(waving(LOOK, frames=24, on=2))


@pytest.fixture
def ffprobe() -> None:
    if shutil.which("ffprobe") is None:
        missing("ffprobe is not there: apt install ffmpeg")


def read(path: Path) -> tuple[list[Frame], StreamFacts]:
    with AvClips().open(path) as clip:
        pictures = [frame.picture() for frame in clip.frames()]
        return pictures, clip.stream()


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mkv", "libx264", "yuv420p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.apng", "apng", "rgb24"),
        ("a.gif", "gif", "rgb8"),
        ("a.webp", "libwebp_anim", "yuv420p"),
    ],
)
def test_every_container_gives_the_frames_that_were_put_in(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    clips, path = AvClips(), tmp_path / name
    write_clip(path, FRAMES, codec=codec, pixel_format=pixel_format)
    assert clips.is_clip(path)
    pictures, stream = read(path)
    drawings = 12 if codec == "libwebp_anim" else 24  # all are on 2s, and it joins equal frames
    assert len(pictures) == stream.frames == drawings
    assert stream.damaged == 0
    assert stream.duration_s == pytest.approx(1.0, abs=0.05)
    assert pictures[-1].shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pictures[-1].astype(int) - FRAMES[-1]).mean() < (30 if codec == "gif" else 6)


@pytest.mark.parametrize("quality", [90, 101])  # lossy, lossless: their headers differ
def test_a_webp_whose_frames_were_all_alike_is_a_clip_of_one(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "a.webp"
    cv2.imwrite(str(path), FRAMES[0][..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    pictures, stream = read(path)
    assert (len(pictures), stream.frames, stream.damaged) == (1, 1, 0)
    assert np.abs(pictures[0].astype(int) - FRAMES[0]).mean() < 6


def test_a_glimpse_is_the_frame_made_small(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", FRAMES[:2], options={"crf": "5"})
    with AvClips().open(path) as clip:
        glimpse = next(iter(clip.frames())).glimpse
    assert glimpse.luma.shape == (180, 320)
    assert glimpse.colour.shape == (45, 80, 3)
    assert np.abs(glimpse.colour.mean((0, 1)) - FRAMES[0].mean((0, 1))).max() < 2.0


def test_a_frame_is_drawn_for_two_at_once(tmp_path: Path) -> None:
    frames = list(waving(stage(seed=4), frames=2, on=1))
    path = write_clip(tmp_path / "two.mp4", [cv2.resize(frame, (1280, 720)) for frame in frames])
    with AvClips().open(path) as clip, ThreadPoolExecutor(2) as pool:
        frame = next(iter(clip.frames()))
        drawn = [pool.submit(frame.picture) for _ in range(150)]
        assert all(np.array_equal(one.result(timeout=20), frame.picture()) for one in drawn)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"this is no video, whatever its name says\n" * 9, "not_a_video"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\0\1\0mdat", "truncated"),
    ],
)
def test_what_is_no_clip_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as error, AvClips().open(path):
        pass
    assert error.value.kind == kind


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "a.mp4", "missing"), (tmp_path, "not_a_file")):
        with pytest.raises(Unreadable) as error, AvClips().open(path):
            pass
        assert error.value.kind == kind


@pytest.mark.slow
def test_frames_too_large_are_refused_before_one_is_decoded(tmp_path: Path) -> None:
    huge = np.zeros((4320, 7680, 3), np.uint8)
    path = write_clip(tmp_path / "a.mp4", [huge], options={"preset": "ultrafast"})
    with pytest.raises(Unreadable) as error, AvClips().open(path):
        pass
    assert error.value.kind == "too_large"


def test_a_clip_cut_off_in_the_middle_is_damaged_not_short(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", FRAMES, options={"movflags": "faststart"})
    whole = write_clip(tmp_path / "b.mp4", FRAMES)
    AvClips().make_deliverable(whole, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with AvClips().open(path) as clip:
        frames = sum(1 for _ in clip.frames())
        assert clip.facts.frames == 24
        assert frames < 24


@pytest.mark.usefixtures("ffprobe")
@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "size"),
    [
        pytest.param("a.mp4", "libx264", "yuv444p", (WIDTH, HEIGHT), marks=pytest.mark.slow),
        ("a.gif", "gif", "rgb8", (WIDTH, HEIGHT)),
        ("a.webp", "libwebp_anim", "yuv420p", (WIDTH, HEIGHT)),
        pytest.param("a.mkv", "libx264", "yuv420p10le", (WIDTH, HEIGHT), marks=pytest.mark.slow),
        ("a.webm", "libvpx-vp9", "yuv444p", (361, 243)),
    ],
)
def test_what_is_made_deliverable_is_what_the_profile_asks(
    tmp_path: Path, name: str, codec: str, pixel_format: str, size: tuple[int, int]
) -> None:
    frames = [np.ascontiguousarray(frame[: size[1], : size[0]]) for frame in FRAMES]
    source = write_clip(tmp_path / name, frames, codec=codec, pixel_format=pixel_format)
    before = source.read_bytes()
    target = tmp_path / "out.mp4"
    AvClips().make_deliverable(source, target)
    assert source.read_bytes() == before
    with AvClips().open(target) as clip:
        count = sum(1 for _ in clip.frames())
        assert failed_points(clip.facts, clip.stream()) == ()
    assert count == (12 if codec == "libwebp_anim" else 24)
    shown = json.loads(
        subprocess.check_output(
            ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(target)]
        )
    )
    video, sound = shown["streams"]
    assert video["codec_name"] == "h264"
    assert video["profile"] == "High"
    assert video["level"] <= 41
    assert video["pix_fmt"] == "yuv420p"
    assert {video[f"color_{tag}"] for tag in ("space", "transfer", "primaries")} == {"bt709"}
    assert video["width"] % 2 == video["height"] % 2 == 0
    assert video["sample_aspect_ratio"] == "1:1"
    assert video["r_frame_rate"] == video["avg_frame_rate"]
    assert (sound["codec_name"], sound["profile"]) == ("aac", "LC")
    assert (sound["channels"], sound["sample_rate"]) == (2, "48000")
    assert float(sound["duration"]) == pytest.approx(float(video["duration"]), abs=0.03)
    assert target.read_bytes().find(b"moov") < target.read_bytes().find(b"mdat")
    keys = probe(
        target, "-select_streams", "v", "-skip_frame", "nokey", "-show_entries", "frame=pts_time"
    )
    assert max(np.diff([float(key) for key in keys]), default=0.0) <= 2.0


def test_what_fits_but_for_its_order_is_copied(tmp_path: Path) -> None:
    good = tmp_path / "good.mp4"
    AvClips().make_deliverable(write_clip(tmp_path / "a.mp4", FRAMES), good)
    again = tmp_path / "again.mp4"
    AvClips().make_deliverable(good, again)
    first, second = read(good)[0], read(again)[0]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def remuxed(source: Path, target: Path, *, late_s: float = 0.0, cover: Path | None = None) -> Path:
    """Copy the streams; the sound begins so much later, a cover comes first."""
    with ExitStack() as stack:
        out = stack.enter_context(av.open(str(target), "w"))
        sources = [stack.enter_context(av.open(str(path))) for path in (cover, source) if path]
        copies = {one: out.add_stream_from_template(one) for in_ in sources for one in in_.streams}
        for packet in (packet for in_ in sources for packet in in_.demux()):
            if packet.dts is not None:
                late = round(late_s / packet.time_base) if packet.stream.type == "audio" else 0
                packet.pts, packet.dts = packet.pts + late, packet.dts + late
                packet.stream = copies[packet.stream]
                out.mux(packet)
    return target


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.flv", "a.mov"])
def test_a_stream_that_fits_is_copied_out_of_any_container_whole_and_from_0_on(
    tmp_path: Path, name: str
) -> None:
    good, target = tmp_path / "good.mp4", tmp_path / "out.mp4"
    AvClips().make_deliverable(write_clip(tmp_path / "a.mp4", FRAMES), good)
    AvClips().make_deliverable(remuxed(good, tmp_path / name), target)
    frames, stream = read(target)
    assert all(np.array_equal(a, b) for a, b in zip(read(good)[0], frames, strict=True))
    assert (stream.start_s, stream.frame_rate) == (0.0, pytest.approx(24, abs=1e-6))
    with AvClips().open(target) as clip:
        assert list(clip.frames())
        assert failed_points(clip.facts, clip.stream()) == ()


def test_sound_that_begins_late_begins_as_late_when_delivered(tmp_path: Path) -> None:
    time_s = np.arange(48000) / 48000
    tone = np.tile(0.2 * np.sin(2 * np.pi * 997 * time_s), (2, 1))
    good, target = tmp_path / "good.mp4", tmp_path / "out.mp4"
    AvClips().make_deliverable(write_clip(tmp_path / "a.mp4", FRAMES * 2, sound=tone), good)
    AvClips().make_deliverable(remuxed(good, tmp_path / "late.mkv", late_s=0.7), target)
    with av.open(str(target)) as container:
        wave = np.hstack([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.flatnonzero(np.abs(wave) > 0.02)[0] / 48000 == pytest.approx(0.7, abs=0.06)


def test_a_cover_is_not_the_picture(tmp_path: Path) -> None:
    cover = write_clip(tmp_path / "cover.mkv", [FRAMES[0][:64, :64]], codec="mpeg4")
    source = remuxed(write_clip(tmp_path / "a.mp4", FRAMES), tmp_path / "b.mkv", cover=cover)
    with AvClips().open(source) as clip:
        assert (clip.facts.codec, sum(1 for _ in clip.frames())) == ("h264", 24)


def test_an_avi_whose_frames_are_sent_out_of_order_has_them_all_in_order(tmp_path: Path) -> None:
    options = {"bf": "2", "g": "24"}
    with AvClips().open(write_clip(tmp_path / "a.avi", FRAMES, options=options)) as clip:
        times = [frame.glimpse.time_s for frame in clip.frames()]
        assert clip.facts.frames is None  # it counts empty chunks as well
        assert clip.stream().frame_rate == pytest.approx(24, abs=0.5)
    assert len(times) == 24
    assert times == sorted(times)


def test_interlaced_frames_do_not_play_everywhere(tmp_path: Path) -> None:
    options = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
    with AvClips().open(write_clip(tmp_path / "a.mp4", FRAMES, options=options)) as clip:
        assert list(clip.frames())
        assert "the frames are interlaced" in failed_points(clip.facts, clip.stream())


def test_frames_that_stand_for_different_times_are_shown_when_they_were(tmp_path: Path) -> None:
    ticks = [tick for tick in range(48) if tick % 7 not in (3, 4)]
    path, target = tmp_path / "a.mkv", tmp_path / "out.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for tick in ticks:
            grey = np.full((64, 64, 3), 5 * tick, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    AvClips().make_deliverable(path, target)
    frames, facts = read(target)
    assert facts.frame_rate == pytest.approx(24)
    shown = [round(float(frame.mean()) / 5) for frame in frames]
    assert shown == [max(tick for tick in ticks if tick <= now) for now in range(len(shown))]


def test_a_clip_is_cut_to_the_frames_that_were_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    AvClips().make_deliverable(write_clip(tmp_path / "a.mp4", FRAMES), target, frames=17)
    assert read(target)[1].frames == 17


def test_sound_is_measured(tmp_path: Path) -> None:
    time_s = np.arange(48000 * 2) / 48000
    tone = np.tile(0.5 * np.sin(2 * np.pi * 997 * time_s), (2, 1))
    tone[:, 48000:] = 0
    path = write_clip(tmp_path / "a.mp4", FRAMES, sound=tone)
    with AvClips().open(path) as clip:
        heard = clip.listen()
    assert heard is not None
    assert heard.duration_s == pytest.approx(2.0, abs=0.05)
    assert heard.true_peak_dbtp == pytest.approx(-6.0, abs=1.0)
    assert heard.loudness_lufs == pytest.approx(-6.0, abs=1.5)  # a stereo tone of 997 Hz
    assert heard.silent_s == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    ("amplitude", "expected_lufs"), [(0.02, -16.0), (1.0, -16.0), (0.16, None)]
)
def test_sound_that_is_too_loud_or_soft_is_delivered_as_it_should_be(
    tmp_path: Path, amplitude: float, expected_lufs: float | None
) -> None:
    time_s = np.arange(48000 * 2) / 48000
    tone = np.tile(amplitude * np.sin(2 * np.pi * 997 * time_s), (2, 1))
    source = write_clip(tmp_path / "a.mp4", FRAMES * 2, sound=tone)
    target = tmp_path / "out.mp4"
    AvClips().make_deliverable(source, target)
    with AvClips().open(source) as clip:
        before = clip.listen()
    with AvClips().open(target) as clip:
        heard = clip.listen()
    assert before is not None
    assert heard is not None
    assert heard.loudness_lufs == pytest.approx(expected_lufs or before.loudness_lufs, abs=0.5)
    assert heard.true_peak_dbtp is not None
    assert heard.true_peak_dbtp <= -1.0


@pytest.mark.parametrize(("name", "codec"), [("a.webp", "libwebp_anim"), ("a.gif", "gif")])
def test_frames_that_a_format_joins_are_counted_at_its_pace(
    tmp_path: Path, name: str, codec: str
) -> None:
    frames = [*list(waving(LOOK, frames=12, on=1)), *[FRAMES[0]] * 12]
    path = write_clip(
        tmp_path / name, frames, codec=codec, pixel_format="rgb8" if codec == "gif" else "yuv420p"
    )
    stream = read(path)[1]
    assert stream.frames == pytest.approx(24, abs=1)
    assert stream.frame_rate == pytest.approx(24, rel=0.03)


@pytest.mark.parametrize("size", [(832, 480), (640, 360), (710, 402), (66, 50)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuvj420p"])
def test_frames_made_small_together_are_as_alone(size: tuple[int, int], pixel_format: str) -> None:
    width, height = size
    chance = np.random.default_rng(3)
    frames = [
        av.VideoFrame.from_ndarray(
            chance.integers(0, 256, (height, width, 3), dtype=np.uint8), format="rgb24"
        ).reformat(format=pixel_format)
        for _ in range(5)
    ]
    together = shown(frames, Painter())
    for frame, one in zip(frames, together, strict=True):
        (alone,) = shown([frame], Painter())
        for name in ("luma", "cells", "colour"):
            same, own = getattr(one.glimpse, name), getattr(alone.glimpse, name)
            np.testing.assert_allclose(same, own, atol=1e-4)
        np.testing.assert_array_equal(one.glimpse.fine(), alone.glimpse.fine())
        np.testing.assert_array_equal(one.picture(), alone.picture())
