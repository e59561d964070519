from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests import drawn
from tower_anime.assess.metrics import METRICS
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import Frame, check_frame
from tower_anime.domain.quality import Measured, Measurements, Unmeasured

SIZE = 512


def value(measurements: Measurements, name: str) -> float:
    found = measurements[name]
    assert isinstance(found, Measured), found
    return found.value


@pytest.mark.parametrize("style", drawn.STYLES)
def test_every_name_of_the_table_is_measured_in_its_unit_and_range(style: str) -> None:
    measurements = measure(drawn.drawn(style, size=SIZE))
    assert list(measurements) == list(METRICS)
    for name, metric in METRICS.items():
        found = measurements[name]
        assert isinstance(found, Measured), name
        assert found.unit == metric.unit
        assert metric.low <= found.value <= metric.high


GRADES: dict[str, tuple[str, Callable[[Frame, float], Frame], tuple[float, ...]]] = {
    "blur": ("edge_width", drawn.blurred, (0.8, 1.5, 3, 6, 12, 25)),
    "white noise": ("noise_luma", drawn.noisy, (3, 6, 12, 25, 50)),
    "colour noise": ("noise_chroma", drawn.speckled, (6, 12, 25, 50)),
    "blotches": ("residual_luma", drawn.blotched, (5, 10, 20, 40)),
    "darkness": ("luma_mean", drawn.darkened, (0.8, 0.5, 0.3, 0.1)),
    "fading": ("local_contrast", drawn.flattened, (0.8, 0.5, 0.3, 0.1)),
    "light": ("luma_mean", drawn.brightened, (1.4, 1.8, 2.5, 4)),
    "burning": ("gamut_clipped", drawn.burnt, (0.6, 1.2, 2, 3)),
    "blackening": ("spread", drawn.darkened, (0.8, 0.5, 0.14, 0.01)),
    "a black box": ("flat_share", drawn.blacked, (0.05, 0.15, 0.3, 0.6)),
    "smearing": ("smear", drawn.smeared, (4, 8, 16, 32)),
    "JPEG": ("grid", drawn.jpeg, (60, 35, 15)),
    "WebP": ("macroblocks", drawn.webp, (50, 15, 1)),
    "posterising": ("tone_gap", drawn.posterised, (64, 24, 12, 6)),
    "tinting": ("cast", drawn.tinted, (0.15, 0.3, 0.5)),
    "torn lines": ("torn_lines", drawn.torn_lines, (0.03, 0.1, 0.3)),
    "shifted strips": ("shifted_strips", drawn.shifted_strips, (1, 3, 8)),
    "copies": ("copies", drawn.tiled, (2, 3, 4)),
}


@pytest.mark.parametrize("style", ["cel", "painted", "bokeh"])
@pytest.mark.parametrize("damage", GRADES)
def test_more_damage_moves_the_measurement_one_way(damage: str, style: str) -> None:
    name, spoil, grades = GRADES[damage]
    clean = drawn.drawn(style, seed=2, size=SIZE)
    series = [value(measure(frame), name) for frame in (clean, *(spoil(clean, g) for g in grades))]
    direction = 1 if series[-1] > series[0] else -1
    steps = np.diff(series) * direction
    assert (steps >= 0).all(), series
    assert (steps > 0).sum() >= len(grades) - 1, series


def relative_change(first: Measurements, second: Measurements) -> dict[str, float]:
    """Return the changes in shares of the metric's level, boxes left out."""
    by_chance = ("lattice", "copies", "macroblocks")  # 0 but for accidents
    names = [name for name in METRICS if METRICS[name].defect and name not in by_chance]
    return {
        name: abs(value(first, name) - value(second, name)) / (abs(value(first, name)) + 1)
        for name in names
    }


@pytest.mark.parametrize("style", drawn.STYLES)
def test_mirroring_and_lossless_encoding_change_next_to_nothing(style: str) -> None:
    frame = drawn.drawn(style, seed=3, size=SIZE)
    plain = measure(frame)
    coded = cv2.imdecode(cv2.imencode(".png", frame)[1], cv2.IMREAD_COLOR)
    assert measure(check_frame(coded)) == plain
    for axis in (0, 1):
        changes = relative_change(plain, measure(check_frame(cv2.flip(frame, axis))))
        assert max(changes.values()) < 0.12, changes


@pytest.mark.parametrize("style", drawn.STYLES)
def test_cropping_the_border_changes_little(style: str) -> None:
    frame = drawn.drawn(style, seed=4, size=SIZE)
    changes = relative_change(measure(frame), measure(check_frame(frame[11:-9, 13:-7])))
    assert max(changes.values()) < 0.15, changes


def test_a_soft_background_behind_a_sharp_subject_is_not_soft() -> None:
    sharp, soft = (measure(drawn.drawn(style, size=SIZE)) for style in ("cel", "bokeh"))
    whole = measure(drawn.blurred(drawn.drawn("cel", size=SIZE), 3))
    assert value(soft, "edge_width") < 1.3 * value(sharp, "edge_width")
    assert value(whole, "edge_width") > 2 * value(soft, "edge_width")


def test_stretched_light_leaves_gaps_between_tones() -> None:
    clean = drawn.drawn("painted", seed=2, size=SIZE)
    brighter = np.clip(np.rint(clean * 1.4), 0, 255).astype(np.uint8)
    posterised = clean // 32 * 32
    gaps = [
        value(measure(check_frame(it)), "tones_missing") for it in (clean, brighter, posterised)
    ]
    assert gaps[1] > 0.2 > 0.02 > max(gaps[0], gaps[2])


def test_screen_tone_is_not_noise() -> None:
    frame = drawn.drawn("page", size=SIZE)
    frame[::2, ::2] //= 2
    assert value(measure(frame), "noise_luma") < 1


def test_a_jpeg_that_was_made_smaller_has_no_macroblocks() -> None:
    frame = drawn.drawn("painted", seed=2, size=1056)
    smaller = cv2.resize(drawn.jpeg(frame, 70), (704, 704), interpolation=cv2.INTER_LANCZOS4)
    thrifty = drawn.webp(cv2.resize(frame, (704, 704), interpolation=cv2.INTER_AREA), 15)
    found = [value(measure(check_frame(it)), "macroblocks") for it in (smaller, thrifty)]
    assert found[0] < 0.1 < found[1]


def test_dots_of_ink_are_no_enlarged_pixels() -> None:
    y, x = np.mgrid[:SIZE, :SIZE]
    turned = (x + y) / math.sqrt(2), (x - y) / math.sqrt(2)
    dots = sum(np.cos(axis * 2 * math.pi / 6.5) for axis in turned) < 0.3
    tone = np.where(dots, 255, 0).astype(np.uint8)
    assert value(measure(check_frame(cv2.merge([tone] * 3))), "mosaic") == 0


def test_noise_in_patches_is_seen_where_the_calm_parts_are_clean() -> None:
    clean = drawn.drawn("cel", seed=2, size=SIZE)
    patchy = clean.copy()
    patchy[: SIZE // 2] = drawn.speckled(clean, 12)[: SIZE // 2]
    before, after = measure(clean), measure(patchy)
    assert value(after, "noise_chroma") < 1
    assert value(after, "mottle") > 3 > 1 > value(before, "mottle")


def test_the_undrawn_box_is_where_it_is() -> None:
    measurements = measure(drawn.blacked(drawn.drawn(size=SIZE), 0.25))
    box = [value(measurements, f"flat_{part}") for part in ("x", "y", "width", "height")]
    assert box == pytest.approx([60, 40, 256, 256], abs=12)


def test_a_box_of_decoder_grey_is_undrawn_but_a_drawn_wall_is_not() -> None:
    grey, wall = (drawn.drawn("painted", size=SIZE) for _ in range(2))
    grey[256:] = 128
    wall[256:] = (150, 120, 110)
    assert value(measure(grey), "flat_share") == pytest.approx(0.5, abs=0.03)
    assert value(measure(wall), "flat_share") < 0.02


def test_repetition_tells_tiles_from_one_picture() -> None:
    frame = drawn.drawn("painted", size=SIZE)
    assert value(measure(frame), "repetition") < 0.05
    for times in (2, 3, 4):
        assert value(measure(drawn.tiled(frame, times)), "repetition") > 0.2


def test_rays_and_long_lines_are_no_repetition() -> None:
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    rays = np.where(np.sin(24 * np.arctan2(y, x)) > 0, 220, 60).astype(np.uint8)
    walls = np.full((SIZE, SIZE), 90, np.uint8)
    walls[SIZE // 3 :, : SIZE // 2] = 40
    walls[SIZE // 4 :, SIZE // 2 :] = 200
    for luma in (rays, walls):
        assert value(measure(check_frame(cv2.merge([luma] * 3))), "repetition") < 0.1


def test_bars_that_set_a_picture_in_black_are_meant_and_one_alone_is_not() -> None:
    frame = drawn.drawn("painted", size=SIZE)
    frame[:80] = 0
    assert value(measure(frame), "flat_share") == pytest.approx(80 / SIZE, abs=0.02)
    frame[-80:] = 0
    assert value(measure(frame), "flat_share") < 0.02


def test_strong_colours_and_figures_before_black_are_light() -> None:
    red = np.full((SIZE, SIZE, 3), (230, 20, 20), np.uint8)
    red[: SIZE // 2] = (20, 20, 230)
    assert value(measure(red), "light_mean") == 230
    figure = drawn.drawn("cel", size=SIZE)
    before_black = np.zeros_like(figure)
    before_black[100:400, 100:400] = figure[100:400, 100:400]
    alone = value(measure(check_frame(figure[100:400, 100:400])), "light_mean")
    assert value(measure(before_black), "light_mean") > 0.7 * alone


def test_a_cloned_part_is_told_from_twins_that_are_drawn() -> None:
    frame = drawn.drawn("painted", size=SIZE)
    cloned = frame.copy()
    cloned[31:231, 17:217] = frame[290:490, 171:371]
    assert value(measure(frame), "cloned") == 0
    assert value(measure(cloned), "cloned") > 0.05


def test_houses_with_the_same_windows_are_no_copies() -> None:
    frame = np.full((SIZE, SIZE, 3), (150, 190, 220), np.uint8)
    for x, y, rows in ((20, 150, 3), (250, 210, 3), (390, 90, 4)):
        frame[y - 20 :, x - 10 : x + 90] = (214, 184, 164)
        for row, column in np.ndindex(rows, 3):
            if (row * 3 + column) % 5 != 1:
                frame[y + 30 * row :, x + 30 * column :][:14, :20] = (90, 110, 130)
    assert value(measure(check_frame(frame)), "cloned") == 0


@pytest.mark.parametrize("pitch", [2, 3, 5, 7.5, 11, 15, 26])
def test_repeated_pixels_are_found_at_any_pitch_also_through_a_codec(pitch: float) -> None:
    frame = drawn.drawn("painted", size=SIZE)
    side = int(SIZE / pitch)
    small = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
    large = check_frame(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST))
    assert value(measure(frame), "mosaic") == 0
    assert value(measure(large), "mosaic") > 1
    assert value(measure(drawn.jpeg(large, 75)), "mosaic") > 0.2


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 120])
def test_a_smear_has_a_direction_and_softness_has_none(angle: float) -> None:
    frame = drawn.drawn("cel", size=SIZE)
    smeared, soft = drawn.smeared(frame, 12, angle_deg=angle), drawn.blurred(frame, 3)
    assert value(measure(smeared), "anisotropy") > 1.4 * value(measure(soft), "anisotropy")


@pytest.mark.parametrize("factor", [2.5, 3, 4])
def test_an_enlargement_leaves_a_lattice_and_softness_does_not(factor: float) -> None:
    frame = drawn.drawn("painted", size=960)
    enlarged, soft = drawn.enlarged(frame, factor), drawn.blurred(frame, factor / 2)
    assert value(measure(enlarged), "lattice") > 4 + value(measure(soft), "lattice")


@pytest.mark.parametrize(("codec", "name"), [(drawn.jpeg, "grid"), (drawn.webp, "macroblocks")])
def test_a_codec_leaves_its_grid(codec: Callable[[Frame, float], Frame], name: str) -> None:
    frame = drawn.drawn("painted", size=SIZE)
    clean, coded = (value(measure(f), name) for f in (frame, codec(frame, 15)))
    assert clean < 0.05
    assert coded > clean + 0.08


def test_flat_colours_without_ramps_are_not_banded() -> None:
    cel = drawn.posterised(drawn.drawn("page", size=SIZE), 8)
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 2)
    sky = np.broadcast_to(ramp[:, None, None], (SIZE, SIZE, 3)).copy()
    assert value(measure(drawn.posterised(sky, 16)), "contours") > 0.2
    assert value(measure(sky), "contours") == 0
    assert value(measure(cel), "contours") < 0.02


def test_a_horizon_is_no_torn_line() -> None:
    frame = drawn.drawn("cel", size=SIZE)
    frame[300:] //= 2
    frame[200:202] = 0
    measurements = measure(frame)
    assert value(measurements, "shifted_strips") == 0
    assert value(measurements, "torn_lines") < 0.005


@pytest.mark.parametrize("what", ["noise", "another line"])
@pytest.mark.parametrize("tall", [2, 9])
def test_strips_across_that_hold_something_else_are_torn(what: str, tall: int) -> None:
    frame, random = drawn.drawn("painted", size=SIZE), np.random.default_rng(3)
    clean = value(measure(frame), "torn_lines")
    for top in range(40, SIZE - 40, 60):
        noise = random.integers(0, 256, (tall, SIZE, 3), np.uint8)
        frame[top : top + tall] = noise if what == "noise" else frame[(top * 7 + 200) % SIZE]
    assert clean < 0.005
    assert value(measure(frame), "torn_lines") > 0.5 * tall / 60


def test_drawn_stripes_and_a_line_of_letters_are_no_torn_lines() -> None:
    frame = drawn.drawn("cel", size=SIZE)
    for top in range(40, SIZE - 40, 60):
        frame[top : top + 8] = (230, 40, 60)
    cv2.putText(frame, "once upon a time", (20, 260), cv2.FONT_HERSHEY_PLAIN, 1.5, (0, 0, 0), 2)
    assert value(measure(frame), "torn_lines") < 0.005


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 300), (16, 16), (63, 2000), (64, 65)])
@pytest.mark.parametrize("shade", [0, 90, 255])
def test_any_size_is_measured_or_says_why_not(width: int, height: int, shade: int) -> None:
    frame = np.full((height, width, 3), shade, np.uint8)
    frame[0, 0] = 20
    measurements = measure(frame)
    assert list(measurements) == list(METRICS)
    for name, found in measurements.items():
        if min(width, height) < METRICS[name].min_side_px:
            assert isinstance(found, Unmeasured)
            assert "64 px" in found.reason
        if METRICS[name].min_side_px == 1 and name != "tone_gap":
            assert isinstance(found, Measured)


def test_a_flat_picture_has_no_edge_to_measure_at() -> None:
    measurements = measure(np.full((128, 128, 3), 70, np.uint8))
    assert measurements["edge_width"] == Unmeasured("no edge in the picture to measure at")
    assert isinstance(measurements["structure"], Unmeasured)
