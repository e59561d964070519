"""What a clip's file says of itself, and its frames made small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tower_anime.domain.frame import Grid, Plane


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """The first audio stream as its header says."""

    codec: str
    profile: str | None
    channels: int
    sample_rate_hz: int


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """A file's own word, before any frame is decoded.

    `width` and `height` in pixels as stored, before any rotation is carried out. `frame_rate` in
    frames/s, `duration_s` and `frames` None where the container does not say. `moov_first` is
    None outside of MP4. `texts` are those that the container carries (ComfyUI: prompt, workflow),
    under names in lower case. Names of codecs, formats and colour tags are those of FFmpeg; None:
    not stated.
    """

    container: str
    codec: str
    profile: str | None
    level: int | None
    pixel_format: str
    width: int
    height: int
    sample_aspect: tuple[int, int] = (1, 1)
    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    full_range: bool = False
    frame_rate: float | None = None
    duration_s: float | None = None
    frames: int | None = None
    moov_first: bool | None = None
    sound: SoundFacts | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """One frame made small: what every frame costs, whatever its size.

    `luma` is H×W uint8, full range, 200 to 400 px wide, whichever size comes cheapest. `fine` makes
    it about 320 px wide, of the whole picture or of every other stripe of it, 8 px high: where it
    is not `luma` itself it costs more. Of blocks of 4×4 px of that size `cells` are the means of
    luma (h×w), which average out noise of pixels and of codecs, and `colour` those of RGB as
    displayed (h×w×3). `time_s` is None where the stream has no clock.
    """

    time_s: float | None
    is_key: bool
    luma: Plane
    fine: Callable[[], Plane]
    cells: Grid
    colour: Grid


@dataclass(frozen=True, kw_only=True)
class StreamFacts:
    """What only the whole stream shows, known after its last frame.

    `frames` were decoded, `damaged` packets could not be; `longest_gop_s` is the longest stretch
    between key frames, `open_gop` whether a frame after a key frame refers to one before it.
    `longest_frame_s` and `shortest_frame_s` are the extremes of the time a frame stands;
    `duration_s` the time from the first frame's beginning to the last one's end; `rotation_deg`
    how far frames are turned left for showing (0, 90, 180 or 270); `start_s` the time of the first
    frame on the file's clock.
    """

    frames: int
    damaged: int
    duration_s: float
    frame_rate: float
    longest_frame_s: float
    shortest_frame_s: float
    longest_gop_s: float
    open_gop: bool | None = None
    rotation_deg: int = 0
    is_interlaced: bool = False
    start_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """What was heard: EBU R128 loudness (LUFS), true peak (dBTP), length and silence in seconds.

    `loudness_lufs` and `true_peak_dbtp` are None for digital silence. `clipped_share` is the part
    of samples in runs of three and more at the largest value.
    """

    duration_s: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    silent_s: float
    clipped_share: float
