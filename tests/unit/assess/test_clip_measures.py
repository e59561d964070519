"""What must raise a clip's measurements, and what must not change them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.moving import HEIGHT, WIDTH, character, stage, view, waving
from tower_anime.adapters.clip_frames import shown_pixels
from tower_anime.assess.cadence import Cadence, cadence
from tower_anime.assess.foreign import foreign, squares_over, straight_edges
from tower_anime.assess.pulse import Pulse, pulse
from tower_anime.assess.sampling import Sampler
from tower_anime.assess.slide import Slide
from tower_anime.assess.track import Track, TrackMeter
from tower_anime.domain.frame import Frame

LOOK = stage(seed=8)
WAVING = list(waving(LOOK, frames=72, on=2))


def tracked(frames: Sequence[Frame]) -> Track:
    meter = TrackMeter()
    for number, frame in enumerate(frames):
        meter.see([shown_pixels(frame, time_s=number / 24, is_key=False).glimpse])
    return meter.track()


def timing(frames: Sequence[Frame]) -> Cadence:
    return cadence(tracked(frames), 24)


def whole(frames: Sequence[Frame]) -> Pulse:
    return pulse(tracked(frames), 24)


def lit(frames: Sequence[Frame], gains: Sequence[float]) -> list[Frame]:
    return [
        np.clip(frame * gain, 0, 255).astype(np.uint8)
        for frame, gain in zip(frames, gains, strict=True)
    ]


def swaying(size: float) -> list[float]:
    return [1 + size * (-1) ** index for index in range(len(WAVING))]


@pytest.mark.slow
def test_more_pumping_is_never_less_flicker() -> None:
    sizes = [whole(lit(WAVING, swaying(size))).flicker for size in (0.0, 0.01, 0.03, 0.08)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0.0
    assert sizes[-1] > 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [lambda f: f[:, ::-1], lambda f: f[2:-2, 2:-2], lambda f: f[::-1]]
)
def test_mirrors_and_a_cropped_border_change_next_to_nothing(change: object) -> None:
    assert callable(change)
    gains = swaying(0.04)
    frames = lit(WAVING, gains)
    other = [np.ascontiguousarray(change(frame)) for frame in frames]
    assert whole(other).flicker == pytest.approx(whole(frames).flicker, rel=0.1)
    plain = [np.ascontiguousarray(change(frame)) for frame in WAVING]
    assert timing(plain).on == timing(WAVING).on == 2


def test_one_flash_of_light_and_a_fade_are_no_flicker() -> None:
    flash = [1.0] * 30 + [1.9, 1.6, 1.3] + [1.0] * 39
    fade = np.linspace(1, 0.1, 72).tolist()
    assert whole(lit(WAVING, flash)).flicker == 0.0
    assert whole(lit(WAVING, fade)).flicker == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 7, 13])
def test_clips_of_a_few_frames_have_a_cadence(count: int) -> None:
    assert timing([view(LOOK, shift=3.0 * index) for index in range(count)]).on == 1


def acted(swings: Sequence[float], runs: Sequence[int]) -> list[Frame]:
    frames: list[Frame] = []
    for swing, run in zip(swings, runs, strict=True):
        canvas = view(LOOK)
        character(canvas, LOOK, x=WIDTH / 2, y=HEIGHT * 0.4, size=110, swing=swing)
        frames += [canvas] * run
    return frames


def test_speech_that_pauses_on_the_beat_does_not_stutter() -> None:
    runs = [2, 4, 2, 6, 2, 2, 6, 2, 4, 2, 2, 2, 2, 6, 2, 2, 2, 4, 2, 2, 2, 6, 2, 2]
    steps = np.random.default_rng(4).normal(np.repeat([0.05, 0.14], [9, 15]), 0.012)
    assert timing(acted(-1 + np.cumsum(steps), runs)).breaks < 0.5


def test_a_strike_that_rests_before_the_hand_returns_does_not_stutter() -> None:
    back = -np.array([0.3, 0.45, 0.55, 0.65, 0.75, 0.9, 1.05, 1.2, 1.3, 1.3, 1.1, 0.9, 0.7]) / 3.38
    steps = [0.0, 0.16, 0.24, 0.6, 1.0, 0.8, 0.5, *back]
    runs = [13, 1, 1, 1, 1, 1, 4, *[1] * len(back)]
    assert timing(acted(-1.6 + np.cumsum(steps * 3), runs * 3)).breaks == 0.0


def test_a_longer_freeze_is_never_a_shorter_hold() -> None:
    found = []
    for length in (0, 20, 60, 120):
        frames = [*WAVING[:30], *[WAVING[30]] * length, *WAVING[30:]]
        found.append(timing(frames))
    holds = [item.longest_hold_s for item in found]
    assert holds == sorted(holds)
    assert [len(item.frozen) for item in found] == [0, 0, 1, 1]


def test_more_repeats_out_of_turn_are_never_a_steadier_rhythm() -> None:
    smooth = [view(LOOK, shift=3.0 * index) for index in range(72)]
    found = []
    for count in (0, 2, 4, 8):
        frames = list(smooth)
        for start in [6 + 8 * number for number in range(count)]:
            frames[start + 1 : start + 4] = [frames[start]] * 3
        found.append(timing(frames).breaks)
    assert found == sorted(found)
    assert found[0] == 0.0
    assert found[-1] > 3.0


def test_drawings_left_out_of_a_pan_break_its_rhythm_and_easing_does_not() -> None:
    smooth = [view(LOOK, shift=3.0 * index) for index in range(84)]
    eased = [view(LOOK, shift=3.0 * index**1.3) for index in range(60)]
    left_out = [frame for index, frame in enumerate(smooth) if index % 20 not in (9, 10, 11)]
    assert timing(eased).breaks == 0.0
    assert timing(left_out).breaks >= 3.0


def test_single_repeats_break_a_pan_on_ones_unless_they_come_at_a_steady_beat() -> None:
    smooth = [view(LOOK, shift=3.0 * index) for index in range(60)]
    now_and_then = [index for index in range(60) for _ in range(1 + (index in (9, 20, 26, 41)))]
    at_a_beat = [index for index in range(60) for _ in range(1 + (index % 4 == 3))]
    assert timing([smooth[index] for index in now_and_then]).breaks >= 1.0
    assert cadence(tracked([smooth[index] for index in at_a_beat]), 30).breaks == 0.0


def test_repeats_at_a_beat_that_no_film_has_break_a_pan() -> None:
    smooth = [view(LOOK, shift=3.0 * index) for index in range(60)]
    at_a_beat = [smooth[index] for index in range(60) for _ in range(1 + (index % 5 == 4))]
    assert timing(at_a_beat).breaks >= 3.0
    assert cadence(tracked(at_a_beat), 30).breaks < 0.7


def test_a_zoom_whose_middle_stands_hitches_where_a_frame_is_repeated() -> None:
    def zoomed(index: int) -> Frame:
        scale = 1 + 0.0008 * index
        move = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, scale)
        return np.asarray(cv2.warpAffine(WAVING[0], move, (WIDTH, HEIGHT)), np.uint8)

    smooth = [zoomed(index) for index in range(72)]
    stood = [smooth[index - (index in (20, 31, 45))] for index in range(72)]
    assert timing(smooth).breaks == 0.0
    assert timing(stood).breaks >= 1.0


def test_a_pan_that_stops_for_a_moment_stalls_and_a_drawing_that_is_held_does_not() -> None:
    smooth = [view(LOOK, shift=3.0 * index) for index in range(60)]
    assert timing([*smooth[:30], *[smooth[30]] * 16, *smooth[30:]]).breaks >= 1.0
    assert timing([*WAVING[:30], *[WAVING[30]] * 16, *WAVING[30:]]).breaks == 0.0


def test_runs_that_come_again_with_every_few_drawings_are_a_cycle() -> None:
    places = np.cumsum([4, 9, 6, 12] * 10)
    drawings = [view(LOOK, shift=float(place)) for place in places]
    late = [drawings[index] for index in range(40) for _ in range(1 + 2 * (index % 4 == 3))]
    now_and_then = [
        drawings[index] for index in range(40) for _ in range(1 + 2 * (index in (9, 16, 27)))
    ]
    assert timing(late).breaks == 0.0
    assert timing(now_and_then).breaks >= 0.7


def test_drawings_on_fours_that_come_late_break_the_rhythm_and_another_timing_does_not() -> None:
    drawings = [view(LOOK, shift=6.0 * number) for number in range(28)]

    def broken(runs: Sequence[int]) -> float:
        shown = [drawing for drawing, run in zip(drawings, runs, strict=False) for _ in range(run)]
        return timing(shown).breaks

    assert broken([4] * 18) == 0.0
    assert broken([4, 4, 4, 4, 7, 1, 4, 4, 4, 6, 2, 4, 4, 4, 4, 4]) >= 1.0
    assert broken([2] * 9 + [3] * 8 + [2] * 9) == 0.0
    assert broken([1] * 14 + [2] * 6) == 0.0


def test_a_pan_whose_frames_come_at_random_judders_and_one_that_dawdles_does_not() -> None:
    random = np.random.default_rng(4)
    runs = random.integers(1, 6, 24)
    late = np.repeat(np.cumsum([0, *runs[:-1]]), runs)
    timed = np.random.default_rng(6).integers(1, 5, 24)  # on 1s to 4s
    drawn = np.repeat(np.arange(len(timed)) * 3, timed)  # as far from each drawing to the next

    def pan(places: Sequence[int]) -> list[Frame]:
        return [view(LOOK, shift=3.0 * int(place)) for place in places]

    assert timing(pan(late)).breaks > 2
    assert timing(pan(drawn)).breaks < 0.7
    assert timing(pan(np.repeat(np.arange(len(runs)) * 3, runs))).breaks > 2  # on 1s to 5s


def test_a_far_step_that_comes_at_every_turn_of_a_walk_is_drawn() -> None:
    cycle = [3, 4, 6, 6, 5, 5, 4, 3, 2, 3, 6, 1, 2, 3]
    walk = [view(LOOK, shift=float(place)) for place in np.cumsum(cycle * 4)]
    once = [view(LOOK, shift=float(place)) for place in np.cumsum([*cycle[:9], 2, 2, 6, 2] * 1)]
    assert timing([frame for frame in walk for _ in range(2)]).breaks == 0.0
    assert timing([frame for frame in once for _ in range(2)]).breaks > 0.0


def test_motion_that_stalls_in_a_fade_breaks_its_rhythm() -> None:
    fade = np.linspace(0.2, 1, 40).tolist()
    fading = lit([view(LOOK, shift=3.0 * index) for index in range(40)], fade)
    stalled = [
        fading[index - index % 5 if index in range(15, 30) else index] for index in range(40)
    ]
    assert timing(fading).breaks == 0.0
    assert timing(stalled).breaks >= 1.0


@pytest.mark.parametrize("rate", [30, 60])
def test_film_shown_at_another_rate_keeps_its_rhythm(rate: int) -> None:
    film = [view(LOOK, shift=3.0 * index) for index in range(72)]
    shown = [film[index * 24 // rate] for index in range(72)]
    assert cadence(tracked(shown), rate).breaks < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("speed", [0.5, 2.0, 5.0])
def test_a_pan_on_ones_has_neither_breaks_nor_cuts(speed: float) -> None:
    frames = [view(LOOK, shift=speed * index) for index in range(72)]
    found = timing(frames)
    assert found.breaks == 0.0
    assert found.frozen == ()
    assert whole(frames).cuts == ()


def test_a_cut_is_found_where_it_is_and_a_flash_of_white_is_none() -> None:
    other = list(waving(stage(seed=77), frames=36, on=2))
    (cut,) = whole([*WAVING[:36], *other]).cuts
    assert (cut.frames.first, cut.frames.last) == (35, 36)
    fade = [0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, *[1.0] * 17]
    (fading,) = whole(lit([*WAVING[:15:3], *other[:19]], fade)).cuts
    assert fading.frames.last == 5
    assert whole(lit(WAVING[::3], fade)).cuts == ()
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    assert whole([*WAVING[:36], white, white, *WAVING[36:]]).cuts == ()


def test_a_pan_that_skips_frames_is_no_cut_and_one_to_another_place_is() -> None:
    """What goes on elsewhere in the same picture has the same edges, laid over each other."""
    places = [3.0 * index + (150 if index >= 20 else 0) for index in range(40)]
    skipping = [view(LOOK, shift=place) for place in places]
    assert whole(skipping).cuts == ()
    other = stage(seed=77)
    elsewhere = [view(other, shift=place) for place in places[20:]]
    (cut,) = whole([*skipping[:20], *elsewhere]).cuts
    assert cut.frames.last == 20


def test_a_lamp_that_goes_on_in_one_place_is_no_cut() -> None:
    far = np.hypot(np.arange(WIDTH) - 0.3 * WIDTH, np.arange(HEIGHT)[:, None] - 0.6 * HEIGHT)
    lamp = (0.25 + 0.75 * np.exp(-np.square(far / 220)))[..., None]
    dim = [np.clip(0.4 * frame, 0, 255).astype(np.uint8) for frame in WAVING[:36]]
    lamplit = [np.clip(lamp * frame, 0, 255).astype(np.uint8) for frame in WAVING[36:]]
    assert whole([*dim, *lamplit]).cuts == ()


def test_lightning_over_a_pan_is_no_flicker() -> None:
    struck = [1.8 if index in (30, 31, 32, 40) else 1.0 for index in range(72)]
    panned = [view(LOOK, shift=3.0 * index) for index in range(72)]
    assert whole(lit(panned, struck)).flicker == 0
    assert whole(lit(panned, swaying(0.06))).flicker > 0.01


def test_black_frames_inside_are_found_and_a_fade_from_black_is_not() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    (hole,) = whole([*WAVING[:36], black, black, *WAVING[36:]]).black
    assert (hole.frames.first, hole.frames.last) == (36, 37)
    fade = [*np.linspace(0, 1, 30).tolist(), *[1.0] * 42]
    assert whole(lit(WAVING, fade)).black == ()
    assert whole(lit(WAVING[:24], [0, 0, 0, 0.3, 0.6, 0.9, *[1.0] * 18])).black == ()


def test_a_camera_that_tilts_over_a_sky_is_no_slide_of_light() -> None:
    rows = np.linspace(60, 220, HEIGHT + 120)[:, None, None]
    sky = np.repeat(np.repeat(rows, WIDTH, axis=1), 3, axis=2).astype(np.uint8)
    lots = np.random.default_rng(3)
    for x, y in zip(lots.integers(0, WIDTH, 12), lots.integers(0, HEIGHT + 120, 12), strict=True):
        cv2.ellipse(sky, (int(x), int(y)), (60, 14), 0, 0, 360, (235, 235, 240), -1, cv2.LINE_AA)
    tilting = [np.ascontiguousarray(sky[3 * index :][:HEIGHT]) for index in range(40)]
    assert abs(slid(tilting).light) < 0.1


@pytest.mark.parametrize("speed", [6, 12, 25])
def test_a_sky_with_few_clouds_that_goes_past_is_no_slide_of_tint(speed: int) -> None:
    """Whatever its clouds tell of the camera's way; what can't be told is not measured."""
    rows = np.linspace(0, 1, HEIGHT + 700)[:, None, None]
    sky = (np.array([90, 120, 235]) * (1 - rows) + np.array([250, 190, 120]) * rows).repeat(
        WIDTH, axis=1
    )
    clouds = np.zeros(sky.shape[:2], np.float32)
    lots = np.random.default_rng(3)
    for x, y in zip(lots.integers(0, WIDTH, 4), lots.integers(0, len(sky), 4), strict=True):
        cv2.ellipse(clouds, (int(x), int(y)), (90, 30), 0, 0, 360, 60.0, -1)
    sky = np.clip(sky + cv2.GaussianBlur(clouds, (0, 0), 6)[..., None], 0, 255).astype(np.uint8)
    found = whole([np.ascontiguousarray(sky[speed * i :][:HEIGHT]) for i in range(28)]).slid
    assert found is None or (abs(found.light) < 0.06 and abs(found.tint) < 4)


def slid(frames: Sequence[Frame]) -> Slide:
    found = whole(frames).slid
    assert found is not None
    return found


def tinted(frames: Sequence[Frame], most: float) -> list[Frame]:
    """Make a clip warmer from frame to frame; `most` is the last one's gain of red over blue."""
    ways = np.linspace(0, 0.5 * np.log(most), len(frames))
    return [
        np.clip(frame * np.exp([way, 0, -way]), 0, 255).astype(np.uint8)
        for frame, way in zip(frames, ways, strict=True)
    ]


@pytest.mark.parametrize("speed", [0.0, 3.0])
def test_what_slides_away_is_drift_also_where_the_camera_moves(speed: float) -> None:
    """Light, tint and colour each by itself; a wave of the hand and a pan alone are none."""
    clip = WAVING if not speed else [view(LOOK, shift=speed * index) for index in range(72)]
    steady = slid(clip)
    assert abs(steady.light) < 0.03
    assert abs(steady.tint) < 1.0
    assert abs(steady.colour) < 0.05
    darker = [slid(lit(clip, np.linspace(1, end, 72).tolist())).light for end in (0.9, 0.7, 0.5)]
    assert -0.06 > darker[0] > darker[1] > darker[2]
    warmer = [abs(slid(tinted(clip, most)).tint) for most in (1.1, 1.3, 1.6)]
    assert 3.0 < warmer[0] < warmer[1] < warmer[2]
    greys = [frame.mean(axis=2, keepdims=True) for frame in clip]
    paler = [
        np.clip(grey + (frame - grey) * share, 0, 255).astype(np.uint8)
        for frame, grey, share in zip(clip, greys, np.linspace(1, 0.5, 72), strict=True)
    ]
    assert slid(paler).colour < -0.3


@pytest.mark.parametrize("size", [(4, 64), (64, 4), (2, 2)])
def test_a_clip_of_a_few_pixels_slides_nowhere_that_could_be_told(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (72, *size, 3), dtype=np.uint8)
    assert whole(list(noise)).slid is None


def test_the_seam_of_a_loop_is_smaller_than_that_of_a_clip_cut_off() -> None:
    swing = list(waving(LOOK, frames=72, on=1, speed=2 * np.pi / 72))
    assert whole(swing).seam < 0.1
    assert whole([*swing[:30], *waving(stage(seed=9), frames=6, on=1)]).seam > 2.0


@pytest.mark.slow
def test_more_noise_is_never_less_grain_and_light_is_none() -> None:
    rng = np.random.default_rng(4)
    pan = [view(LOOK, shift=2.0 * index) for index in range(24)]
    found = []
    for sigma in (0, 4, 12, 24):
        noisy = [
            np.clip(frame + rng.normal(0, sigma, frame.shape), 0, 255).astype(np.uint8)
            for frame in pan
        ]
        found.append(float(np.nanmedian(tracked(noisy)["grain"])))
    assert found == sorted(found)
    assert found[-1] > 4.0
    pumping = lit(WAVING[:24], swaying(0.05)[:24])
    assert float(np.nanmedian(tracked(pumping)["grain"])) < 0.6


def test_texture_that_slides_is_no_grain() -> None:
    rng = np.random.default_rng(5)
    leaves = cv2.GaussianBlur(rng.uniform(0, 255, (360, 900, 3)), (0, 0), 5) * 8 - 900
    ground = np.clip(leaves, 0, 255).astype(np.uint8)
    slid = [np.ascontiguousarray(ground[:, 6 * i : 6 * i + 640]) for i in range(24)]
    noisy = [np.clip(f + rng.normal(0, 10, f.shape), 0, 255).astype(np.uint8) for f in slid]
    grain = [float(np.nanmedian(tracked(frames)["grain"])) for frames in (slid, noisy)]
    assert grain[0] < 1 < 3 < grain[1]


def test_what_is_drawn_along_the_grid_in_every_frame_is_no_square() -> None:
    lined = []
    for index, frame in enumerate(WAVING[::12]):
        with_blinds = frame.copy()
        with_blinds[31:160:32, 40:300], with_blinds[40:300, 31:160:32] = 0, 255
        with_blinds[:, 300 + index] = 0
        lined.append(with_blinds)
    found = foreign({i: straight_edges(frame) for i, frame in enumerate(lined)}, 640, odd=())
    assert found is not None
    assert found[0] < 1


def test_squares_of_other_places_on_the_grid_of_macroblocks_are_foreign() -> None:
    chance = np.random.default_rng(5)
    clean = {index: straight_edges(frame) for index, frame in enumerate(WAVING[::12])}
    moved = {}
    for index, frame in enumerate(WAVING[::12]):
        spoilt = frame.copy()
        for y, x, up, left in (chance.integers(0, [21, 39, 21, 39]) * 16 for _ in range(24)):
            spoilt[y : y + 16, x : x + 16] = frame[up : up + 16, left : left + 16]
        moved[index] = straight_edges(spoilt)
    ratios = [found[0] for edges in (clean, moved) if (found := foreign(edges, 640, odd=()))]
    assert [by > 1 for by in ratios] == [False, True]


def test_a_frame_with_a_few_squares_is_looked_at_in_a_pan_and_none_of_the_clean_pan() -> None:
    clean = [view(LOOK, shift=3.0 * n) for n in range(48)]
    squares = [frame.copy() for frame in clean]
    for y, x in ((3, 8), (9, 20), (14, 30), (6, 33), (18, 12), (11, 3), (2, 25), (16, 21)):
        squares[21][16 * y : 16 * y + 16, 16 * x : 16 * x + 16] = 250
    assert list(sampled(squares).odd_frames()) == [21]
    assert not sampled(clean).odd_frames()


def sampled(frames: Sequence[Frame]) -> Sampler[Frame]:
    meter, sampler = TrackMeter(), Sampler[Frame]()
    for number, frame in enumerate(frames):
        glimpse = shown_pixels(frame, time_s=number / 24, is_key=False).glimpse
        sampler.offer(number, frame, before=meter.see([glimpse])[0])
    return sampler


def squares(*frames: Frame) -> float:
    now, was, will = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    return squares_over(now, was, will)


def squares_of(frames: Sequence[Frame]) -> float:
    return max(
        (squares(frame, *beside) for frame, beside in sampled(frames).lasting().values()),
        default=0.0,
    )


@pytest.mark.parametrize("frames", [4, 8, 12])
@pytest.mark.parametrize("scene", ["pan", "waving"])
def test_squares_that_stay_for_some_frames_are_foreign(frames: int, scene: str) -> None:
    clean = [view(LOOK, shift=1.5 * n) for n in range(48)] if scene == "pan" else WAVING[:48]
    spoilt = [frame.copy() for frame in clean]
    for frame in spoilt[21 : 21 + frames]:
        for y, x in ((3, 8), (9, 20), (14, 30), (6, 33), (18, 12), (11, 3), (2, 25), (16, 21)):
            frame[16 * y : 16 * y + 32, 16 * x : 16 * x + 32] = (20, 230, 20)
    assert 20 + frames in sampled(spoilt).lasting()
    assert squares_of(spoilt) > 1
    assert squares_of(clean) < 0.3


def test_slices_that_slipped_for_some_frames_are_foreign() -> None:
    slipped = [frame.copy() for frame in WAVING[:48]]
    for frame in slipped[18:25]:
        for row in (2, 5, 6, 11, 14):
            frame[16 * row : 16 * row + 16] = np.roll(frame[16 * row : 16 * row + 16], 160, axis=1)
    assert squares_of(slipped) > 1


def test_squares_that_the_frames_beside_have_not_are_foreign_and_what_moves_is_not() -> None:
    before, now, after = WAVING[17], WAVING[20], WAVING[22]
    spoilt = now.copy()
    for y, x in ((3, 8), (9, 20), (14, 30), (6, 33), (18, 12), (11, 3), (2, 25), (16, 21)):
        part = spoilt[16 * y : 16 * y + 16, 16 * x : 16 * x + 16]
        part[:] = np.clip(part.astype(int) + 20, 0, 255)
    assert squares(spoilt, before, after) > 1
    assert squares(now, before, after) == 0
    shaken = [view(LOOK, shift=shift) for shift in (0.0, 9.0, 2.0)]
    assert squares(shaken[1], shaken[0], shaken[2]) < 0.3


def test_frames_that_are_taken_together_amount_to_the_same_as_one_by_one() -> None:
    """Over a cut, a hold, a flash and a blip, wherever a batch ends."""
    look = stage(seed=3)
    pan = [view(look, shift=2.0 * (n // 2)) for n in range(17)]
    white = np.full_like(pan[0], 250)
    frames = [*WAVING[:21], white, *WAVING[22:30], *[WAVING[29]] * 5, *pan, WAVING[3], *pan[-2:]]
    glimpses = [
        shown_pixels(frame, time_s=number / 24, is_key=False).glimpse
        for number, frame in enumerate(frames)
    ]
    alone, together = TrackMeter(), TrackMeter()
    odd = [alone.see([glimpse])[0] for glimpse in glimpses]
    cuts = [0, 3, 4, 20, 23, 31, 47, len(glimpses)]
    same = [by for a, b in pairwise(cuts) for by in together.see(glimpses[a:b])]
    assert [by.short for by in same] == pytest.approx([by.short for by in odd], abs=1e-3)
    assert [(by.lasting, by.frames) for by in same] == [(by.lasting, by.frames) for by in odd]
    one, other = alone.track(), together.track()
    for name, column in one.columns.items():
        assert other[name] == pytest.approx(column, abs=1e-3, nan_ok=True), name
    assert [jump.frame for jump in other.jumps] == [jump.frame for jump in one.jumps] != []
    assert np.array_equal(other.flash.luminance, one.flash.luminance)
    assert one.flash.luminance.max() > 0
    assert [key.frame for key in other.keys] == [key.frame for key in one.keys]
