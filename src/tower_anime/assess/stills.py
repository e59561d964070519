"""Pixels to measurements: what one still picture is, in numbers, and nothing about good or bad.

One pyramid feeds all measurements (`planes`). Every pass over pixels is an 8-bit OpenCV call;
NumPy only sees grids of some thousand cells, and some hundred lines.
"""

from __future__ import annotations

from tower_anime.assess import edges, grain, structure, tone
from tower_anime.assess.metrics import METRICS, MIN_STRUCTURE_PX
from tower_anime.assess.planes import Planes, Values
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Measured, Measurements, Unmeasured


def measure(frame: Frame) -> Measurements:
    """Measure a picture of any size; the answer has every name of the metric table.

    Some 9 ms at 1024×1024 on one core (`tests/bench/assess.py`); memory about twice the frame's.
    """
    side_px = min(frame.shape[:2])
    planes = Planes(frame)
    tones = tone.tone(planes)
    values: Values = {**tones, **tone.colour(planes)}
    if side_px >= MIN_STRUCTURE_PX:
        values |= _texture(planes, tones)
    return {name: _measurement(values.get(name), name, side_px) for name in METRICS}


def _texture(planes: Planes, tones: dict[str, float]) -> Values:
    found = grain.grain(planes)
    noise = found["noise_luma"]
    fine = edges.extremes(planes.luma)
    return {
        **found,
        **edges.edges(
            planes,
            fine,
            tonal_range=tones["luma_high"] - tones["luma_low"],
            noise=noise if isinstance(noise, float) else 0.0,
        ),
        **structure.structure(planes, tones["spread"]),
        **structure.undrawn_region(fine, planes),
    }


def _measurement(
    value: float | Unmeasured | None, name: str, side_px: int
) -> Measured | Unmeasured:
    metric = METRICS[name]
    if value is None:
        return Unmeasured(
            f"needs a shorter side of {metric.min_side_px} px; the picture has {side_px} px"
        )
    if isinstance(value, Unmeasured):
        return value
    bounded = min(max(float(value), metric.low), metric.high)
    return Measured(round(bounded, 5), metric.unit)
