"""The node classes of sound: latents beside a clip's, files, and what is done to samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import av.error
import numpy as np

from tower_anime.sandbox.sound import RATE, Sound, SoundLatent, Wave, performed, silence
from tower_anime.sandbox.values import ClipLatent, NodeFailure, Result, Run

_MOST_S = 600.0
"""Longer sounds are refused as a machine without room for them would."""


def _empty_latent(
    _: Run, *, frames_number: int, frame_rate: float, batch_size: int, **_rest: object
) -> Result:
    del batch_size
    return (SoundLatent(frames_number / frame_rate),)


def _together(_: Run, *, video_latent: ClipLatent, audio_latent: SoundLatent) -> Result:
    return (replace(video_latent, sound=audio_latent),)


def _apart(_: Run, *, av_latent: ClipLatent) -> Result:
    if av_latent.sound is None:
        raise NodeFailure("ValueError", "the latent holds no sound beside its pictures")
    return replace(av_latent, sound=None), av_latent.sound


def _decoded(_: Run, *, samples: SoundLatent | ClipLatent, **_rest: object) -> Result:
    latent = samples.sound if isinstance(samples, ClipLatent) else samples
    if latent is None:
        raise NodeFailure("ValueError", "the latent holds no sound")
    _check_length(latent.duration_s)
    return (performed(latent),)


def _empty(_: Run, *, duration: float, sample_rate: int = 44100, channels: int = 2) -> Result:
    _check_length(duration)
    return (silence(duration, rate=sample_rate, channels=channels),)


def _check_length(duration_s: float) -> None:
    if duration_s > _MOST_S:
        raise NodeFailure(
            "MemoryError", f"{duration_s:.0f} s of sound; the sandbox holds {_MOST_S:.0f} s at most"
        )


def _load(run: Run, *, audio: str) -> Result:
    return (read(run.folders.annotated(audio)),)


def read(path: Path) -> Sound:
    """Return the first sound of a file; `NodeFailure` when it has none or is broken."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise NodeFailure("ValueError", "No audio stream found in the file.")
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            parts = [
                part.to_ndarray()
                for frame in container.decode(audio=0)
                for part in resampler.resample(frame)
            ]
            parts += [part.to_ndarray() for part in resampler.resample(None)]
    except av.error.FFmpegError as broken:
        raise NodeFailure("av.error.InvalidDataError", f"{broken}") from broken
    return Sound(np.concatenate([np.zeros((2, 0), np.float32), *parts], axis=1), RATE)


def _louder(_: Run, *, audio: Sound, volume: int) -> Result:
    gain = np.float32(10 ** (volume / 20))
    return (replace(audio, wave=audio.wave * gain),)


def _trimmed(_: Run, *, audio: Sound, start_index: float, duration: float) -> Result:
    length = audio.wave.shape[1]
    begin = round(start_index * audio.rate)
    begin = max(0, begin + length if begin < 0 else begin)
    end = min(length, begin + round(duration * audio.rate))
    if begin >= end:
        raise NodeFailure(
            "ValueError",
            "AudioTrim: Start time must be less than end time and be within the audio length.",
        )
    return (replace(audio, wave=audio.wave[:, begin:end]),)


def _concatenated(_: Run, *, audio1: Sound, audio2: Sound, direction: str) -> Result:
    first, second = (audio1, audio2) if direction == "after" else (audio2, audio1)
    one, other = _alike(first, second)
    return (Sound(np.concatenate([one, other], axis=1), first.rate),)


_MERGED: dict[str, Callable[[Wave, Wave], Wave]] = {
    "add": lambda one, other: one + other,
    "mean": lambda one, other: np.float32(0.5) * (one + other),
    "subtract": lambda one, other: one - other,
    "multiply": lambda one, other: one * other,
}


def _merged(_: Run, *, audio1: Sound, audio2: Sound, merge_method: str) -> Result:
    """Lay one sound over another; the first decides the length, and what is too loud is lowered."""
    one, other = _alike(audio1, audio2)
    laid = np.zeros_like(one)
    laid[:, : other.shape[1]] = other[:, : one.shape[1]]
    wave = _MERGED[merge_method](one, laid)
    return (Sound(wave / max(1.0, float(np.abs(wave).max(initial=0))), audio1.rate),)


def _alike(one: Sound, other: Sound) -> tuple[Wave, Wave]:
    """Return both waves with two channels, at the rate of the first."""
    wave = other.wave
    if other.rate != one.rate:
        count = round(wave.shape[1] * one.rate / other.rate)
        at = np.linspace(0, max(0, wave.shape[1] - 1), count)
        wave = np.stack([np.interp(at, np.arange(wave.shape[1]), part) for part in wave])
    shapes = (
        np.broadcast_to(w, (2, w.shape[1])) if w.shape[0] == 1 else w for w in (one.wave, wave)
    )
    first, second = (np.asarray(w, np.float32) for w in shapes)
    return first, second


SOUND_NODES: dict[str, Callable[..., Result]] = {
    "LTXVEmptyLatentAudio": _empty_latent,
    "LTXVConcatAVLatent": _together,
    "LTXVSeparateAVLatent": _apart,
    "LTXVAudioVAEDecode": _decoded,
    "EmptyAudio": _empty,
    "LoadAudio": _load,
    "AudioAdjustVolume": _louder,
    "TrimAudioDuration": _trimmed,
    "AudioConcat": _concatenated,
    "AudioMerge": _merged,
}
"""The function of every class of sound, called with the node's inputs by name."""
