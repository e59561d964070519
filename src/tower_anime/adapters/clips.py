"""Files of moving pictures to frames, header first: checked against the limits, then decoded.

FFmpeg by PyAV reads MP4, MOV, MKV, WebM, AVI, GIF and APNG; WebP has a reader of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.error

from tower_anime.adapters import clip_webp
from tower_anime.adapters.clip_boxes import read_boxes
from tower_anime.adapters.clip_delivery import write_deliverable
from tower_anime.adapters.clip_frames import (
    Painter,
    ShownFrame,
    over_white,
    shown,
    shown_pixels,
    turns_of,
)
from tower_anime.adapters.clip_open import (
    MAX_PIXELS,
    check_bomb,
    frames_within,
    open_container,
    picture_stream,
    stated_size,
)
from tower_anime.adapters.clip_sound import listen
from tower_anime.adapters.still_texts import exif_texts
from tower_anime.domain.clip import ClipFacts, SoundFacts, SoundTrack, StreamFacts
from tower_anime.domain.delivery import loudness_gain_db
from tower_anime.errors import StorageFull, Unreadable

MAX_DURATION_S = 3 * 3600.0
MAX_FRAMES = 400_000
MAX_BYTES = 16 * 2**30
MAX_WEBP_BYTES = 256 * 2**20  # read into memory as a whole

CLIP_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ts",
        ".wmv",
        ".flv",
        ".ogv",
    }
)
"""Names that promise a clip when the content says nothing."""

_HEAD_BYTES = 64
_LARGE_PX = 640_000  # of a frame: smaller ones take a fifth longer to decode on several threads
_AT_ONCE, _AT_ONCE_PX = 16, 8_000_000  # frames that are made small together, and their pixels
_MAX_TICKS = 12_000  # of joined frames beyond the first of each: eight minutes at 24 a second
_MAX_DAMAGED = 1000  # packets; a decoder that takes none of so many will take none at all
_STILL_MAGICS = (b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_STILL_BRANDS = frozenset({b"avif", b"heic", b"heix", b"mif1"})
_NAMES: dict[str, dict[int, str]] = {
    "primaries": {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020"},
    "transfer": {
        1: "bt709",
        6: "smpte170m",
        13: "iec61966-2-1",
        16: "smpte2084",
        18: "arib-std-b67",
    },
    "matrix": {0: "gbr", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc"},
}


class AvClips:
    """`ports.Clips` by PyAV."""

    def is_clip(self, source: Path) -> bool:
        """Whether content, or else the name, says that a file moves; False when it is not there."""
        try:
            head = _head(source)
        except Unreadable:
            return source.suffix.lower() in CLIP_SUFFIXES
        if head[4:8] == b"ftyp":
            return head[8:12] not in _STILL_BRANDS
        if head.startswith((b"GIF8", b"\x89PNG")):
            return frames_within(source, most=2) > 1
        if head.startswith(_STILL_MAGICS):
            return False
        if head.startswith((b"RIFF", b"\x1a\x45\xdf\xa3", b"OggS", b"FLV", b"\x00\x00\x01\xba")):
            return head[8:12] == b"AVI " or head[:4] != b"RIFF" or clip_webp.is_animated(head)
        return source.suffix.lower() in CLIP_SUFFIXES

    def may_be_clip(self, source: Path) -> bool:
        """Whether a file of one picture may be a clip whose frames are all alike, joined."""
        try:
            head = _head(source)
        except Unreadable:
            return False
        return head.startswith(b"GIF8") or clip_webp.is_webp(head)

    @contextmanager
    def open(self, source: Path) -> Iterator[_AvClip | _WebpClip]:
        """Read a file's header and check it against the limits.

        Raises:
            Unreadable: of kind `missing`, `not_a_file`, `no_access`, `empty`, `too_large`,
                `not_a_video`, `no_video`, `truncated` or `corrupt`.
        """
        try:
            yield from self._opened(source)
        except av.error.FFmpegError as error:
            raise Unreadable(f"the clip does not decode: {error}", kind="corrupt") from error

    def _opened(self, source: Path) -> Iterator[_AvClip | _WebpClip]:
        head = _head(source)
        if clip_webp.is_webp(head):
            yield _WebpClip(_webp(source))
            return
        _check_stated(source, head)
        try:
            container = open_container(source)
        except (av.error.FFmpegError, UnicodeError, ValueError) as error:
            raise _not_opened(source, head) from error
        with container:
            if picture_stream(container) is None:
                raise Unreadable("the file has no video stream", kind="no_video")
            facts = _checked(_facts(container, source))
            pace = _pace_s(_durations_s(source)) if facts.container in _JOINING else None
            yield _AvClip(container, facts, source, pace)

    def make_deliverable(self, source: Path, target: Path, *, frames: int | None = None) -> None:
        """Write `source` to `target` as the delivery profile asks; see `ports.Clips`."""
        with self.open(source) as clip:
            for _ in clip.frames():
                pass
            stream, heard = clip.stream(), clip.listen()
        gain_db = loudness_gain_db(heard.loudness_lufs, heard.true_peak_dbtp) if heard else 0.0
        with self.open(source) as clip:
            try:
                write_deliverable(
                    clip.facts,
                    stream,
                    clip.frames(),
                    source,
                    target,
                    frames=frames,
                    gain_db=gain_db,
                )
            except av.error.FFmpegError as error:
                raise Unreadable(f"the clip can't be encoded: {error}", kind="corrupt") from error
            except OSError as error:
                raise StorageFull(f"{target} can't be written: {error.strerror}") from error


def _head(source: Path) -> bytes:
    try:
        if not source.is_file():
            kind = "not_a_file" if source.exists() else "missing"
            raise Unreadable(f"there is no file {source}", kind=kind)
        size = source.stat().st_size
        with source.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise Unreadable(f"{source} can't be read: {error.strerror}", kind="no_access") from error
    if not size:
        raise Unreadable("the file is empty", kind="empty")
    if size > MAX_BYTES:
        raise Unreadable(f"the file has {size / 2**30:.0f} GiB", kind="too_large")
    return head


def _check_stated(source: Path, head: bytes) -> None:
    """Refuse a GIF or PNG that is too large before FFmpeg sees it."""
    size = stated_size(head)
    if size is None:
        return
    _check_pixels(*size)
    check_bomb(source, pixels=size[0] * size[1])


def _not_opened(source: Path, head: bytes) -> Unreadable:
    if head[4:8] == b"ftyp":
        return Unreadable(
            "the file ends before its index (moov) or has none: it can't be played",
            kind="truncated",
        )
    return Unreadable(f"{source.name} is no video that can be read", kind="not_a_video")


# ---- facts ----------------------------------------------------------------------------------


def _checked(facts: ClipFacts) -> ClipFacts:
    if facts.width <= 0 or facts.height <= 0:
        raise Unreadable("the video says it has no pixels", kind="corrupt")
    _check_pixels(facts.width, facts.height)
    if facts.duration_s is not None and facts.duration_s > MAX_DURATION_S:
        raise Unreadable(
            f"the clip says it lasts {facts.duration_s / 3600:.1f} h; "
            f"up to {MAX_DURATION_S / 3600:.0f} h are assessed",
            kind="too_large",
        )
    return facts


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Unreadable(
            f"the frames have {width}×{height} px; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are decoded",
            kind="too_large",
        )


def _facts(container: Any, source: Path) -> ClipFacts:
    stream = picture_stream(container)
    codec = stream.codec_context
    if codec is None:
        raise Unreadable("no decoder is known for the video stream", kind="not_a_video")
    rate = stream.average_rate or stream.guessed_rate
    boxes = read_boxes(source)
    duration_s = boxes.duration_s
    if duration_s is None and container.duration is not None:
        duration_s = container.duration / av.time_base
    aspect = stream.sample_aspect_ratio
    return ClipFacts(
        container=container.format.name,
        codec=codec.name,
        profile=codec.profile,
        level=getattr(codec, "level", None),
        pixel_format=codec.pix_fmt or "",
        width=codec.width,
        height=codec.height,
        sample_aspect=(aspect.numerator, aspect.denominator) if aspect else (1, 1),
        primaries=_NAMES["primaries"].get(int(codec.color_primaries)),
        transfer=_NAMES["transfer"].get(int(codec.color_trc)),
        matrix=_NAMES["matrix"].get(int(codec.colorspace)),
        full_range=int(codec.color_range) == 2,
        frame_rate=float(rate) if rate else None,
        duration_s=duration_s,
        frames=None if container.format.name in _WITHOUT_PTS else stream.frames or None,
        moov_first=boxes.moov_first,
        sound=_sound_facts(container),
        texts={name.casefold(): text for name, text in container.metadata.items()},
    )


def _sound_facts(container: Any) -> SoundFacts | None:
    if not container.streams.audio:
        return None
    codec = container.streams.audio[0].codec_context
    if codec is None:
        return SoundFacts(codec="unknown", profile=None, channels=0, sample_rate_hz=0)
    return SoundFacts(
        codec=codec.name,
        profile=codec.profile,
        channels=codec.channels,
        sample_rate_hz=codec.sample_rate,
    )


_WITHOUT_PTS = frozenset({"avi"})
"""Containers that don't say when frames are shown, but count what is sent, empty chunks as well."""


# ---- a clip in PyAV -------------------------------------------------------------------------


@dataclass
class _Clock:
    """What the whole stream shows, kept up frame by frame in constant memory."""

    declared_rate: float | None
    frames: int = 0
    damaged: int = 0
    first_s: float | None = None
    last_s: float | None = None
    last_stands_s: float | None = None
    longest_frame_s: float = 0.0
    shortest_frame_s: float = float("inf")
    key_s: float | None = None
    longest_gop_s: float = 0.0
    open_gop: bool = False
    rotation_deg: int = 0
    is_interlaced: bool = False
    ticks_left: int = _MAX_TICKS

    def tick(self, time_s: float | None, *, is_key: bool, stands_s: float | None) -> None:
        self.frames += 1
        if time_s is None:
            return
        if self.first_s is None:
            self.first_s = time_s
        if self.last_s is not None:
            self.longest_frame_s = max(self.longest_frame_s, time_s - self.last_s)
            self.shortest_frame_s = min(self.shortest_frame_s, time_s - self.last_s)
        if is_key:
            self._end_gop(time_s)
            self.key_s = time_s
        self.last_s, self.last_stands_s = time_s, stands_s

    def _end_gop(self, time_s: float) -> None:
        if self.key_s is not None:
            self.longest_gop_s = max(self.longest_gop_s, time_s - self.key_s)

    def sum(self) -> StreamFacts:
        if self.first_s is None or self.last_s is None:
            return self._without_clock()
        span_s = self.last_s - self.first_s
        typical_s = span_s / (self.frames - 1) if self.frames > 1 and span_s > 0 else None
        stands_s = self.last_stands_s or typical_s or 1 / (self.declared_rate or 1)
        self._end_gop(self.last_s + stands_s)
        rate = 1 / typical_s if typical_s else self.declared_rate or 0.0
        return StreamFacts(
            frames=self.frames,
            damaged=self.damaged,
            duration_s=span_s + stands_s,
            frame_rate=rate,
            longest_frame_s=max(self.longest_frame_s, stands_s),
            shortest_frame_s=min(self.shortest_frame_s, stands_s),
            longest_gop_s=self.longest_gop_s,
            open_gop=self.open_gop,
            rotation_deg=self.rotation_deg,
            is_interlaced=self.is_interlaced,
            start_s=self.first_s,
        )

    def _without_clock(self) -> StreamFacts:
        rate = self.declared_rate or 0.0
        stands_s = 1 / rate if rate else 0.0
        return StreamFacts(
            frames=self.frames,
            damaged=self.damaged,
            duration_s=self.frames * stands_s,
            frame_rate=rate,
            longest_frame_s=stands_s,
            shortest_frame_s=stands_s,
            longest_gop_s=self.frames * stands_s,
        )


@dataclass
class _AvClip:
    container: Any
    facts: ClipFacts
    source: Path
    pace: float | None
    painter: Painter = field(default_factory=Painter)
    clock: _Clock = field(init=False)
    _ticks: tuple[int, int] = (0, 1)  # of the last frame in a file without times of showing, a step

    def __post_init__(self) -> None:
        self.clock = _Clock(self.facts.frame_rate)

    def frames(self) -> Iterator[ShownFrame]:
        """Yield every frame; the stretch behind a damaged packet is left out and counted."""
        decoded = map(self._timed, self._decoded())
        at_once = max(1, min(_AT_ONCE, _AT_ONCE_PX // (self.facts.width * self.facts.height)))
        while together := list(islice(decoded, at_once)):
            for frame, small in zip(together, shown(together, self.painter), strict=True):
                yield from self._standing(small, self._note_frame(frame))

    def _note_frame(self, frame: Any) -> float | None:
        """Take down what a frame says of the stream; return how long it stands (s)."""
        if self.clock.frames + 1 > MAX_FRAMES:
            raise Unreadable(f"the clip has more than {MAX_FRAMES} frames", kind="too_large")
        self.clock.rotation_deg = 90 * turns_of(frame)
        self.clock.damaged += bool(frame.is_corrupt)
        self.clock.is_interlaced |= bool(frame.interlaced_frame)
        stands, base = getattr(frame, "duration", 0) or 0, frame.time_base
        return stands * base.numerator / base.denominator if stands and base else None

    def _timed(self, frame: Any) -> Any:
        """Say when a frame is shown where its container doesn't: in order, as they were sent."""
        if self.facts.container in _WITHOUT_PTS:
            last, step = self._ticks
            frame.pts = last + step if frame.dts is None else frame.dts
            self._ticks = (frame.pts, step if frame.dts is None else max(1, frame.pts - last))
        return frame

    def _standing(self, frame: ShownFrame, stands_s: float | None) -> Iterator[ShownFrame]:
        """Yield a frame once, or at each tick that its file joined into one."""
        time_s = frame.glimpse.time_s
        if self.pace is None or time_s is None or not stands_s:
            self.clock.tick(time_s, is_key=frame.glimpse.is_key, stands_s=stands_s)
            yield frame
            return
        yield from _ticking(frame, stands_s, self.pace, self.clock)

    def stream(self) -> StreamFacts:
        return self.clock.sum()

    def listen(self) -> SoundTrack | None:
        return None if self.facts.sound is None else listen(self.source)

    def _decoded(self) -> Iterator[Any]:
        stream = picture_stream(self.container)
        is_large = self.facts.width * self.facts.height >= _LARGE_PX
        stream.thread_type = "AUTO" if is_large else "NONE"
        key_pts: int | None = None
        try:
            for packet in self.container.demux(stream):
                key_pts = self._note_packet(packet, key_pts)
                yield from self._frames_of(packet)
        except av.error.FFmpegError:  # the container itself is damaged here
            self.clock.damaged += 1

    def _note_packet(self, packet: Any, key_pts: int | None) -> int | None:
        """A frame sent after a key frame and shown before it may need the group before: open."""
        if self.facts.container in _WITHOUT_PTS:
            return None
        if packet.is_keyframe and packet.pts is not None:
            return int(packet.pts)
        if key_pts is not None and packet.pts is not None and packet.pts < key_pts:
            self.clock.open_gop = True
        return key_pts

    def _frames_of(self, packet: Any) -> list[Any]:
        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except (av.error.FFmpegError, ValueError) as error:
            self.clock.damaged += 1
            if self.clock.damaged > _MAX_DAMAGED and not self.clock.frames:
                raise Unreadable(
                    f"nothing of the video decodes: {error}", kind="corrupt"
                ) from error
            return []


# ---- containers that join equal frames ------------------------------------------------------

_JOINING = frozenset({"gif", "apng"})
"""Formats whose writers show one frame for longer instead of writing it again; WebP is another."""

_JOINED_FROM = 1.5  # times the shortest frame's time: hundredths of a second alone make 1.25


def _durations_s(source: Path) -> tuple[float, ...]:
    """Return how long each frame stands, in seconds, without decoding any."""
    with open_container(source) as container:
        stream = picture_stream(container)
        return tuple(
            float(packet.duration * packet.time_base)
            for packet in container.demux(stream)
            if packet.duration
        )


def _pace_s(durations_s: Sequence[float]) -> float | None:
    """Return the time of one tick (s) where some frames stand for several; None where none does."""
    shortest = min((stands for stands in durations_s if stands > 0), default=0.0)
    single = [stands for stands in durations_s if 0 < stands < _JOINED_FROM * shortest]
    if not single or len(single) == len(durations_s):
        return None
    return sum(single) / len(single)


def _ticking(
    frame: ShownFrame, stands_s: float, pace_s: float, clock: _Clock
) -> Iterator[ShownFrame]:
    begins_s = frame.glimpse.time_s or 0.0
    ticks = max(1, round(min(stands_s / pace_s, 1 + clock.ticks_left)))
    clock.ticks_left -= ticks - 1
    for number in range(ticks):
        if clock.frames >= MAX_FRAMES:
            raise Unreadable(f"the clip has more than {MAX_FRAMES} frames", kind="too_large")
        time_s = begins_s + number * pace_s
        rest_s = pace_s if number < ticks - 1 else stands_s - number * pace_s
        clock.tick(time_s, is_key=frame.glimpse.is_key, stands_s=rest_s)
        yield replace(frame, glimpse=replace(frame.glimpse, time_s=time_s))


# ---- animated WebP --------------------------------------------------------------------------


def _webp(source: Path) -> bytes:
    if source.stat().st_size > MAX_WEBP_BYTES:
        limit = MAX_WEBP_BYTES // 2**20
        raise Unreadable(f"up to {limit} MiB of animated WebP are read", kind="too_large")
    return source.read_bytes()


class _WebpClip:
    def __init__(self, data: bytes) -> None:
        self._data = data
        width, height = clip_webp.canvas_size(data)
        self.facts = _checked(
            ClipFacts(
                container="webp",
                codec="webp",
                profile=None,
                level=None,
                pixel_format="rgba",
                width=width,
                height=height,
                full_range=True,
                texts=exif_texts(clip_webp.exif_of(data)),
            )
        )
        self._clock = _Clock(None)

    def frames(self) -> Iterator[ShownFrame]:
        """Yield every frame; what follows a damaged one is left out and counted."""
        self._clock = _Clock(None)
        try:
            pace_s = _pace_s(clip_webp.durations_s(self._data))
            for time_s, stands_s, rgba in clip_webp.pictures(self._data):
                frame = shown_pixels(over_white(rgba), time_s=time_s, is_key=True)
                if pace_s is None or stands_s is None:
                    self._clock.tick(time_s, is_key=True, stands_s=stands_s)
                    yield frame
                else:
                    yield from _ticking(frame, stands_s, pace_s, self._clock)
        except Unreadable:
            if not self._clock.frames:
                raise
            self._clock.damaged += 1

    def stream(self) -> StreamFacts:
        """Return what the whole stream showed."""
        return self._clock.sum()

    def listen(self) -> SoundTrack | None:
        return None
