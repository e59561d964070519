"""What a clip sounds like: a small tune, the weather and voices that the words name.

Synthesised from the scene's seed, with what settings do to sound: too few steps leave hiss, too
much guidance drives it into its limits, and a model's level differs from seed to seed as theirs do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tower_anime.sandbox.words import Scene, clean, found

Wave: TypeAlias = NDArray[np.float32]

RATE = 48_000
"""Samples per second of all that is made here."""

_LEVEL_STEP_LU = {"loud": 9.0, "shout": 9.0, "quiet": -13.0, "whisper": -13.0}
_OVERDRIVE_DB = 20.0
"""Gain at full burn."""
_STEREO_LU = 2.3
"""How much louder (LUFS) two channels of music are than the root mean square of one (dB)."""


@dataclass(frozen=True)
class Sound:
    """Samples, channels × time, full scale at ±1."""

    wave: Wave
    rate: int

    @property
    def duration_s(self) -> float:
        """Its length."""
        return float(self.wave.shape[1] / self.rate)


@dataclass(frozen=True, kw_only=True)
class Score:
    """What is to be heard in a scene.

    `parts` are names of `PARTS`; `level_lufs` is how loud a model gives it, `hiss` and `burn`
    (0–1) are its damage.
    """

    scene: Scene
    parts: tuple[str, ...]
    level_lufs: float
    hiss: float = 0.0
    burn: float = 0.0


@dataclass(frozen=True)
class SoundLatent:
    """A sound in the making; `score` is None while it is zeros."""

    duration_s: float
    score: Score | None = None


def silence(duration_s: float, *, rate: int = RATE, channels: int = 2) -> Sound:
    """Return nothing to hear, for so long."""
    return Sound(np.zeros((channels, round(duration_s * rate)), np.float32), rate)


_WITHOUT = re.compile(r"\b(?:no|without)\s+(music|sound|audio)\b")


def score_of(
    text: str, scene: Scene, *, loudness_lufs: tuple[float, float], hiss: float, burn: float
) -> Score:
    """Return what a prompt sounds like; the level is drawn from the model's range."""
    words = frozenset(found("sound", clean(_WITHOUT.sub(r"\1less", text.lower()))))
    low, high = loudness_lufs
    level = float(scene.rng("loudness").uniform(low, high))
    level += sum(_LEVEL_STEP_LU.get(word, 0.0) for word in words)
    return Score(scene=scene, parts=_parts(words, scene), level_lufs=level, hiss=hiss, burn=burn)


def _parts(words: frozenset[str], scene: Scene) -> tuple[str, ...]:
    if "silent" in words:
        return ()
    heard = {"rain", "wind"} & (scene.weather | words)
    if scene.people and {"voice", "shout", "whisper"} & words:
        heard |= {"voice"}
    if "waves" in words or scene.place == "sea":
        heard |= {"waves"}
    if "no music" not in words:
        heard |= {"music"}
    return tuple(name for name in PARTS if name in heard)


def performed(latent: SoundLatent) -> Sound:
    """Return what the latent decodes to; zeros are silence."""
    score = latent.score
    if score is None or not score.parts:
        return silence(latent.duration_s)
    count = max(1, round(latent.duration_s * RATE))
    wave = np.sum([PARTS[name](score.scene, count) for name in score.parts], axis=0)
    wave *= 10 ** ((score.level_lufs - _STEREO_LU) / 20) / max(_rms(wave), 1e-9)
    if score.hiss:
        grains = score.scene.rng("hiss").standard_normal(wave.shape)
        wave = wave * (1 - 0.5 * score.hiss) + grains * (score.hiss * _rms(wave))
    gain = 10 ** (_OVERDRIVE_DB * score.burn / 20)
    return Sound(np.clip(wave * gain, -1, 1).astype(np.float32), RATE)


def _music(scene: Scene, count: int) -> Wave:
    """Return plucked notes of a pentatonic scale over slow chords."""
    rng = scene.rng("music")
    minor = scene.time == "night" or "rain" in scene.weather
    steps = np.array([0, 3, 5, 7, 10] if minor else [0, 2, 4, 7, 9])
    root, beat_s = float(rng.uniform(196, 262)), 60 / float(rng.uniform(84, 132))
    wave = np.zeros((2, count), np.float32)
    for number in range(int(count / RATE / beat_s) + 1):
        if number % 4 == 0:
            for step in (0, steps[2], steps[3]):
                pitch = root / 2 * 2 ** (step / 12)
                _add(wave, number * beat_s, _chord(pitch, 4 * beat_s), pan=0.5)
        if number % 4 == 0 or rng.random() < 0.8:
            pitch = root * 2 ** ((steps[rng.integers(5)] + 12 * rng.integers(2)) / 12)
            _add(wave, number * beat_s, _pluck(float(pitch)), pan=float(rng.uniform(0.3, 0.7)))
    return wave


def _pluck(pitch_hz: float) -> Wave:
    t = np.arange(int(0.9 * RATE), dtype=np.float32) / RATE
    tones = sum(
        np.sin(2 * np.pi * pitch_hz * k * t) * np.exp(-t * (4 + 3 * k)) / k for k in (1, 2, 3, 4)
    )
    return np.asarray(0.5 * tones * np.minimum(1, t / 0.004), np.float32)


def _chord(pitch_hz: float, duration_s: float) -> Wave:
    t = np.arange(int(duration_s * RATE), dtype=np.float32) / RATE
    swell = np.sin(np.pi * t / duration_s) ** 0.7
    tones = np.sin(2 * np.pi * pitch_hz * t) + 0.3 * np.sin(4 * np.pi * pitch_hz * t + 1)
    return np.asarray(0.12 * tones * swell, np.float32)


def _add(wave: Wave, start_s: float, tone: Wave, *, pan: float) -> None:
    begin = round(start_s * RATE)
    part = tone[: max(0, wave.shape[1] - begin)]
    wave[0, begin : begin + len(part)] += part * np.float32(np.sqrt(1 - pan))
    wave[1, begin : begin + len(part)] += part * np.float32(np.sqrt(pan))


_VOWELS_HZ = ((730, 1090), (530, 1840), (390, 2300), (570, 840), (440, 1020))
"""First and second formant of a, e, i, o, u (Peterson and Barney, men)."""


def _voice(scene: Scene, count: int) -> Wave:
    """Return syllables that mean nothing: harmonics of a pitch under the formants of vowels."""
    rng = scene.rng("voice")
    pitch_hz = float(rng.uniform(105, 140) if scene.people[0].male else rng.uniform(210, 270))
    wave, begin_s = np.zeros((2, count), np.float32), 0.15
    while begin_s < count / RATE:
        duration_s = float(rng.uniform(0.13, 0.26))
        pitch = pitch_hz * float(rng.uniform(0.88, 1.18))
        vowel = _VOWELS_HZ[rng.integers(len(_VOWELS_HZ))]
        _add(wave, begin_s, _syllable(pitch, duration_s, vowel), pan=0.5)
        begin_s += duration_s + float(rng.choice([0.02, 0.04, 0.3], p=[0.5, 0.35, 0.15]))
    return wave


def _syllable(pitch_hz: float, duration_s: float, formants_hz: tuple[int, int]) -> Wave:
    t = np.arange(int(duration_s * RATE), dtype=np.float32) / RATE
    envelope = np.sin(np.pi * t / duration_s) ** 0.5
    harmonics = pitch_hz * np.arange(1, int(3500 / pitch_hz))
    powers = sum(np.exp(-(((harmonics - f) / 160) ** 2)) for f in formants_hz) + 0.04
    phase = 2 * np.pi * (pitch_hz * t + 0.006 * pitch_hz * np.sin(2 * np.pi * 5 * t) / 5)
    tones = sum(p * np.sin(k * phase) for k, p in enumerate(np.asarray(powers, np.float32), 1))
    return np.asarray(0.3 * tones * envelope, np.float32)


def _noise(rng: Generator, count: int, *, low_hz: float, high_hz: float, level: float) -> Wave:
    """Return stereo noise between two frequencies, at a level (root mean square)."""
    spectrum = np.fft.rfft(rng.standard_normal((2, count)), axis=1)
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= (
        1 / (1 + (low_hz / np.maximum(frequencies, 1)) ** 2) / (1 + (frequencies / high_hz) ** 2)
    )
    wave = np.fft.irfft(spectrum, count, axis=1)
    return np.asarray(wave * (level / max(_rms(wave), 1e-9)), np.float32)


def _rain(scene: Scene, count: int) -> Wave:
    return _noise(scene.rng("rainfall"), count, low_hz=900, high_hz=7000, level=0.06)


def _wind(scene: Scene, count: int) -> Wave:
    wave = _noise(scene.rng("gusts"), count, low_hz=80, high_hz=500, level=0.07)
    return wave * _swelling(scene.rng("gust"), count, period_s=2.2)


def _waves(scene: Scene, count: int) -> Wave:
    wave = _noise(scene.rng("surf"), count, low_hz=150, high_hz=2500, level=0.08)
    return wave * _swelling(scene.rng("swell"), count, period_s=4.5)


def _swelling(rng: Generator, count: int, *, period_s: float) -> Wave:
    t = np.arange(count, dtype=np.float32) / RATE
    start = float(rng.uniform(0, 2 * np.pi))
    return np.asarray(0.65 + 0.35 * np.sin(2 * np.pi * t / period_s + start), np.float32)


def _rms(wave: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(wave)))) if wave.size else 0.0


PARTS: dict[str, Callable[[Scene, int], Wave]] = {
    "music": _music,
    "voice": _voice,
    "rain": _rain,
    "wind": _wind,
    "waves": _waves,
}
"""What can be heard: each makes two channels of so many samples."""
