"""What a clip's file must be to play everywhere without transcoding, point by point.

Jellyfin's codec tables (10.10 to 12.0): MP4 with the index first, H.264 High up to 4.1 in 8 bits,
4:2:0, tagged BT.709, constant rate, even sides, square pixels, closed groups of at most 2 s,
AAC-LC in stereo at 48 kHz.
"""

from __future__ import annotations

from tower_anime.domain.clip import ClipFacts, StreamFacts

MAX_LEVEL = 41
MAX_GOP_S = 2.0
SAMPLE_RATE_HZ = 48_000
RATE_TOLERANCE = 0.1  # of a frame's time: MP4 and MKV round times to their clock's ticks
_PROFILES = frozenset({"High", "Main", "Baseline", "Constrained Baseline"})
_BT709 = "bt709"


def picture_points(facts: ClipFacts, stream: StreamFacts) -> tuple[str, ...]:
    """Return in words which points the video stream fails; only encoding again mends them."""
    slack_s = _slack_s(stream)
    tags = {facts.primaries, facts.transfer, facts.matrix}
    checks = (
        (facts.codec == "h264", f"the codec is {facts.codec}, not H.264"),
        (facts.codec != "h264" or facts.profile in _PROFILES, f"the profile is {facts.profile}"),
        (
            facts.codec != "h264" or facts.level is None or facts.level <= MAX_LEVEL,
            f"the level is {(facts.level or 0) / 10:g}, above 4.1",
        ),
        (facts.pixel_format == "yuv420p", f"pixels are {facts.pixel_format}, not yuv420p"),
        (tags == {_BT709}, "the colours are not tagged BT.709"),
        (not facts.full_range, "the colours have full range"),
        (is_steady(stream), "the frame rate is not constant"),
        (
            facts.width % 2 == 0 and facts.height % 2 == 0,
            f"{facts.width}×{facts.height} px is not even",
        ),
        (facts.sample_aspect in ((1, 1), (0, 1)), "the pixels are not square"),
        (stream.rotation_deg == 0, f"it is turned by {stream.rotation_deg}° only when shown"),
        (
            stream.longest_gop_s <= MAX_GOP_S + slack_s,
            f"key frames are up to {stream.longest_gop_s:.1f} s apart, not 2 s",
        ),
        (not stream.open_gop, "groups of pictures are open"),
        (not stream.is_interlaced, "the frames are interlaced"),
    )
    return tuple(text for fits, text in checks if not fits)


def is_steady(stream: StreamFacts) -> bool:
    """Whether all frames stand for the same time."""
    typical_s, slack_s = _typical_s(stream), _slack_s(stream)
    return (
        stream.longest_frame_s - typical_s <= slack_s
        and typical_s - stream.shortest_frame_s <= slack_s
    )


def _typical_s(stream: StreamFacts) -> float:
    return 1 / stream.frame_rate if stream.frame_rate else 0.0


def _slack_s(stream: StreamFacts) -> float:
    return RATE_TOLERANCE * _typical_s(stream) + 0.001


def sound_points(facts: ClipFacts) -> tuple[str, ...]:
    """Return in words which points the sound fails; only encoding it again mends them."""
    sound = facts.sound
    if sound is None:
        return ("there is no sound track, not even a silent one",)
    checks = (
        (
            sound.codec == "aac" and sound.profile in ("LC", None),
            f"sound is {sound.codec}, not AAC-LC",
        ),
        (sound.channels == 2, f"sound has {sound.channels} channels, not 2"),
        (sound.sample_rate_hz == SAMPLE_RATE_HZ, f"sound has {sound.sample_rate_hz} Hz, not 48000"),
    )
    return tuple(text for fits, text in checks if not fits)


LOUDNESS_LUFS = (-24.0, -14.0)  # from broadcast (EBU R128: −23 ± 1) to streaming
PEAK_DBTP = -1.0  # EBU R128
_AIM_LUFS, _AIM_PEAK_DBTP = -16.0, -1.5  # what is mended; half a dB for what encoding adds
_TOLERANCE_LU, _TOLERANCE_DB = 0.5, 0.1


def loudness_gain_db(loudness_lufs: float | None, true_peak_dbtp: float | None) -> float:
    """Return by how much a sound is to be made louder or softer; 0 for one that fits, or silence.

    A gain alone: what is too soft is raised as far as its peaks allow.
    """
    if loudness_lufs is None or true_peak_dbtp is None:
        return 0.0
    low, high = LOUDNESS_LUFS
    fits = low - _TOLERANCE_LU <= loudness_lufs <= high + _TOLERANCE_LU
    if fits and true_peak_dbtp <= PEAK_DBTP + _TOLERANCE_DB:
        return 0.0
    wanted = 0.0 if fits else _AIM_LUFS - loudness_lufs
    return min(wanted, _AIM_PEAK_DBTP - true_peak_dbtp)


def container_points(facts: ClipFacts) -> tuple[str, ...]:
    """Return in words which points the container fails; copying the streams mends them."""
    if facts.moov_first is None:
        return (f"the container is {facts.container.split(',')[0]}, not MP4",)
    return () if facts.moov_first else ("the index (moov) is not first",)


def failed_points(facts: ClipFacts, stream: StreamFacts) -> tuple[str, ...]:
    """Return every point of the delivery profile that a file fails, in words."""
    return (
        *container_points(facts),
        *picture_points(facts, stream),
        *sound_points(facts),
    )
