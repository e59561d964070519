"""What breaks the rhythm of motion: frames that stand too long, and drawings that were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.flow import is_film_rate
from tower_anime.assess.judder import judders
from tower_anime.assess.track import BLACK_BRIGHT, Series, Track

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MIN_RUNS = 6  # fewer drawings in a row have no rhythm to break
_WINDOW = 12  # drawings around one that tell its rhythm
_REGULAR = 0.5  # of them that must share it
_AS_FAR = 0.6  # of the usual step: what moves less before or after a hold is coming to rest
_SLOWS = 0.45  # of the step before: motion has come to its end
_EASED = 0.85  # of the steps before and after
_FADE, _FADING = 4, 0.015  # frames to both sides of one in a fade, and the mean of their light (ln)
_CUT = 6.0  # times the usual step around: farther than drawings that were left out take it
_LIT_UP = 0.02  # ln: what light does to the whole picture is no motion
_LONGEST_BREAK_S, _LONGEST_BREAK = 0.45, 6  # s, frames; what stands longer than both is a hold
_LEAST_STEP = 2.0  # levels of a cell: slower motion has no rhythm that could be seen to break
_LEAST_SHARE = 0.006  # of the picture: a mouth opens and closes as it speaks
_PAUSES = 3  # of the drawings around
_HELD_S = 1.0  # what stands longer is held
_WENT_ON = 1.1  # of the usual step
_SKIPPED = 1.3  # of the largest step around: after an animator's pause motion goes on where it was
_JUMPED = 0.3  # ln: a step so much longer than both its neighbours left a drawing out
_FREQUENT = 0.2  # of the drawings: runs as frequent belong to the rhythm if they come evenly
_EVEN = 0.8  # frames: how far 24 frames shown in 30 or 60 stray from a steady beat
_SMOOTH, _ROUGH = 0.15, 0.3  # ln: how far steps stray from their neighbours'
_SLOWEST = 4  # frames that drawings in a row stand in any timing
_BEATS = 4  # drawings that layers drawn on 2s to 4s over a pan on 1s take to repeat themselves
_CLEAR = 2.5  # times what repeats change: less, and a codec's mending hides the rhythm
_LEAST_JUMP = 0.5  # levels: what codecs do to slighter motion is as large
_FAR = 2.0  # times the second longest of the steps around: no motion is as rough as that
_MOST = 0.4  # of the steps: the others are beside drawings that were left out
_IN_TIME = 0.65  # of the drawings around
_FAINT = 0.1  # levels of mean change: codecs swallow as much
_VERY_REGULAR = 0.8  # of the drawings around: then slight motion has a rhythm as well
_RECURS = 0.9  # of the runs, that are as those one cycle before
_CYCLE, _UNSTEADY, _LIKE_IT = 4, 0.12, 0.3  # steps to both sides; ln
_SLIGHT, _LATE, _HITCH, _IN_ROUGH, _FULL = 0.15, 0.35, 0.35, 0.5, 1.0


def usual_run(runs: Whole) -> int:
    """Return the commonest run, the shorter of two as common; 1 when there is none."""
    counts = Counter(runs.tolist())
    return min(counts, key=lambda run: (-counts[run], run), default=1)


def breaks(
    track: Track,
    starts: Whole,
    runs: Whole,
    rate: float,
    *,
    cuts: Collection[int] = (),
    flows: Mask | None = None,
) -> dict[int, float]:
    """Return the drawings that break the rhythm around them in full motion, and how much each does.

    A drawing that stands one frame more or less, or twice as long on 2s and slower, may be the
    animator's and counts little, unless motion went on meanwhile: then frames are missing. In
    smooth motion on 1s, a pan's above all, a single repeat is a hitch, and so is a step that is
    longer than those before and after it. Where a codec's mending looks like drawing there is no
    rhythm to be told.

    Args:
        track: of the clip.
        starts: first frame of each drawing.
        runs: how many frames each stands.
        rate: frames per second.
        cuts: frames that begin another shot, which is no motion.
        flows: frames in which the whole picture moves on.
    """
    if len(runs) < _MIN_RUNS:
        return {}
    lit_up = is_lit_up(track["gain"])
    change = np.where(lit_up & ~is_fading(track["gain"]), 0.0, track["change_mean"])
    told = track["bright"][starts] > BLACK_BRIGHT
    for cut in cuts:  # a far step of a camera that goes on as before looks like one
        beside = _beside(starts, cut)
        if change[cut] > _CUT * np.median(change[starts[beside]]):
            told[beside] = False
            change[cut] = 0.0
    largest = np.pad(track["change_max"][starts], 1)
    big = np.maximum(largest[1:-1], np.maximum(largest[:-2], largest[2:])) >= _LEAST_STEP
    flowing = np.zeros(len(starts), np.bool_) if flows is None else flows[starts]
    big |= flowing
    is_small = float(np.quantile(track["change_share"][starts[1:]], 0.75)) < _LEAST_SHARE
    steps, gain = change[starts], track["gain"][starts]
    usual = usual_run(runs[runs <= _LONGEST_BREAK])
    longest = max(_LONGEST_BREAK, _LONGEST_BREAK_S * rate)
    around = partial(_Around, change, starts, steps, runs, gain, flowing, usual, is_small, rate)
    found = {
        index: _weight(around(index))
        for index in range(1, len(runs) - 1)
        if told[index] and told[index + 1] and big[index] and runs[index] <= longest
    }
    for index in judders(steps, runs, track["change_share"][starts], longest):
        if told[index]:
            found[index] = max(found.get(index, 0.0), _HITCH)
    return {index: weight for index, weight in found.items() if weight > 0}


def _beside(starts: Whole, cut: int) -> slice:
    """Return the drawings beside a cut, whose surroundings are half of another shot."""
    place = int(np.searchsorted(starts, cut))
    return slice(max(0, place - _WINDOW // 2), place + _WINDOW // 2)


def is_lit_up(gain: Series) -> Mask:
    """Return where light changes the whole picture."""
    return np.asarray(np.abs(gain) >= _LIT_UP, np.bool_)


def is_fading(gain: Series) -> Mask:
    """Return where light goes on changing one way, as motion does: no flash."""
    padded = np.pad(gain, _FADE, mode="edge")
    mean = np.convolve(padded, np.full(2 * _FADE + 1, 1 / (2 * _FADE + 1)), "valid")
    return np.asarray(np.abs(mean) >= _FADING, np.bool_)


@dataclass(frozen=True)
class _Around:
    """A drawing among those around it; `steps` (levels) lead to each drawing."""

    change: Series
    starts: Whole
    steps: Series
    runs: Whole
    gain: Series
    flowing: Mask
    usual: int
    is_small: bool
    rate: float
    index: int

    @property
    def low(self) -> int:
        return max(0, self.index - _WINDOW // 2)

    @property
    def high(self) -> int:
        return self.index + _WINDOW // 2 + 1

    @property
    def near(self) -> Series:
        return self.steps[max(1, self.low) : self.high]

    def is_clear(self) -> bool:
        """Whether drawings can be told from repeats, which the codec may go on mending."""
        starts = self.starts[self.low : self.high + 1]
        is_repeat = np.ones(starts[-1] - starts[0], np.bool_)
        is_repeat[starts[:-1] - starts[0]] = False
        repeats = starts[0] + np.flatnonzero(is_repeat)
        if not len(repeats):
            return True
        mended = _ranked(self.change[repeats], 0.8)
        return _ranked(self.near, 0.2) >= _CLEAR * mended

    def roughness(self) -> float:
        """Return how far steps usually stray from those a beat of 1 to 4 drawings away (ln)."""
        return min(_strays(self.near, lag) for lag in range(1, _BEATS + 1))

    def is_even(self) -> bool:
        """Whether drawings come at a steady beat that falls between the frames.

        On 1s that is film of 24 or 25 a second shown at a higher rate.
        """
        starts = self.starts[self.low : self.high + 1]
        number = np.arange(len(starts))
        slope, offset = np.polyfit(number, starts, 1)
        is_film = self.usual > 1 or is_film_rate(self.rate / slope)
        return bool(is_film and np.max(np.abs(starts - (slope * number + offset))) <= _EVEN)

    def recurs(self) -> bool:
        """Whether the runs around repeat themselves: a cycle, or a codec that brings it late."""
        low = max(0, self.index - _WINDOW)
        runs, at = self.runs[low : self.index + _WINDOW + 1], self.index - low
        return len(runs) > _WINDOW and any(
            all(runs[i] == runs[at] for i in (at - lag, at + lag) if 0 <= i < len(runs))
            and np.mean(runs[lag:] == runs[:-lag]) >= _RECURS
            for lag in range(2, _CYCLE + 1)
        )

    def is_lit(self) -> bool:
        """Whether other light falls on the drawing, the one before or the next."""
        return bool(np.abs(self.gain[self.index - 1 : self.index + 2]).max() >= _LIT_UP)

    def rests(self) -> bool:
        """Whether motion is less before or after the drawing than is usual around it."""
        step = _ranked(self.near, 0.5)
        before = self.steps[self.index]
        onward = max(self.steps[self.index + 1 : self.index + 3])  # codecs bring slight motion late
        least = min(_AS_FAR * step, _ranked(self.near, 0.25))
        slows_down = onward < _SLOWS * before  # frames that were lost leave no less behind them
        return step <= 0 or bool(min(before, onward) < least or slows_down)

    def is_between_lights(self) -> bool:
        """Whether light changes before the drawing or after it, other than in a fade around it."""
        into, out_of = self.gain[self.index], self.gain[self.index + 1]
        is_lit = max(abs(into), abs(out_of)) >= _LIT_UP
        return bool(is_lit and (into * out_of <= 0 or min(abs(into), abs(out_of)) < _LIT_UP))

    def keeps_time(self, usual: int) -> bool:
        """Whether most drawings begin at whole multiples of the usual run, some of them late."""
        phases = Counter((self.starts[self.low : self.high + 1] % usual).tolist())
        return max(phases.values()) >= _IN_TIME * phases.total()

    def is_late(self, usual: int) -> bool:
        """Whether drawing and neighbour stand as long as two do: one of them came late."""
        beside = self.runs[self.index - 1 : self.index + 2].tolist()
        return 2 * usual in (sum(beside[:2]), sum(beside[1:]))

    def comes_again(self) -> bool:
        """Whether motion goes the same way elsewhere, as a walk does: its longest step is drawn."""
        low = max(1, self.index - _CYCLE)
        high = min(len(self.steps), self.index + _CYCLE + 1)
        ln = np.log(np.maximum(self.steps[1:], _FAINT))
        here = ln[low - 1 : high - 1]
        if len(here) <= _CYCLE + 1 or np.std(np.delete(here, self.index - low)) < _UNSTEADY:
            return False  # too little, or steady as a pan is everywhere
        others = np.lib.stride_tricks.sliding_window_view(ln, len(here))
        alike = np.abs(others - here).max(axis=1) <= _LIKE_IT
        alike[max(0, low - 1 - _CYCLE) : high - 1] = False
        return bool(alike.any())

    def turns(self) -> bool:
        """Whether motion slows down to the drawing and picks up behind: a swing turns round."""
        beside = self.steps[self.index - 1 : self.index + 3]
        if self.index < 2 or len(beside) < 4:
            return False
        return bool(beside[1:3].sum() < _EASED * (beside[0] + beside[3]))


def _weight(at: _Around) -> float:
    runs = at.runs[at.low : at.high]
    if len(runs) < _MIN_RUNS:
        return 0.0
    usual, run = usual_run(runs), int(at.runs[at.index])
    share = np.count_nonzero(runs == usual) / len(runs)
    if at.is_small and (share < _VERY_REGULAR or _ranked(at.near, 0.5) < _FAINT):
        return 0.0
    if _is_speech(runs, usual):
        return _weight_of_step(at)
    if share < _REGULAR:
        delay = _weight_of_delay(at, at.usual) if at.keeps_time(at.usual) else 0.0
        return max(delay, _weight_of_stray(at, run, usual))
    jump = _weight_of_step(at)
    if run == usual or (max(run, 2 * usual) > 2 and at.recurs()):
        return jump
    return max(jump, _weight_of_hold(at, run, usual), _weight_of_delay(at, usual))


def _weight_of_delay(at: _Around, usual: int) -> float:
    """Return what it weighs that the next drawing comes late, and those after it in time again."""
    if usual < 3 or at.index + 1 >= len(at.runs) or not at.is_clear():
        return 0.0
    run, short = int(at.runs[at.index]), int(at.runs[at.index + 1])
    late = run % usual
    if run <= usual or late < 2 or (run + short) % usual:
        return 0.0
    return _IN_ROUGH


def _weight_of_stray(at: _Around, run: int, usual: int) -> float:
    """Return what it weighs that, among mixed runs in smooth motion, one is like no other."""
    runs = at.runs[at.low : at.high]
    counts = Counter(runs.tolist())
    frequent = [other for other, count in counts.items() if count >= _FREQUENT * len(runs)]
    is_like = any(abs(run - other) <= 1 for other in (*frequent, 2 * usual))
    if not frequent or run < usual or is_like or at.rests() or not at.is_clear():
        return 0.0
    return _HITCH if at.roughness() < _SMOOTH else 0.0


def _weight_of_hold(at: _Around, run: int, usual: int) -> float:
    """Return what it weighs that a drawing stands longer or shorter than those around it."""
    runs, near = at.runs[at.low : at.high], at.near
    begins_anew = at.runs[at.index - 1] > _HELD_S * at.rate
    if begins_anew or at.rests() or at.is_between_lights() or not at.is_clear():
        return 0.0
    step, after = _ranked(near, 0.5), at.steps[at.index + 1]
    others = np.sort(np.delete(near, at.index + 1 - max(1, at.low)))
    longest = max(step, at.steps[at.index], *others[-2:-1].tolist())
    skipped = run > usual and after >= _SKIPPED * longest
    if not skipped and usual <= 2 and run <= 2 * usual + 1 and at.turns():
        return 0.0
    is_timed = run <= _SLOWEST and run in at.runs[[at.index - 1, at.index + 1]]
    is_timed &= not at.flowing[at.index]
    if is_timed and (not skipped or run == at.runs[at.index + 1]):
        return 0.0
    roughness = at.roughness()
    if skipped or (abs(run - usual) > 1 and (usual == 1 or run % usual > 0)):
        if run < usual or step < _FAINT:
            return _HITCH
        is_pause = usual > 1 and run % usual == 0 and roughness >= _SMOOTH  # of speech
        return _FULL if roughness < _ROUGH and not is_pause else _IN_ROUGH
    if run > 2 * usual:
        return _HITCH if roughness < _SMOOTH else _SLIGHT
    is_frequent = np.count_nonzero(runs == run) >= _FREQUENT * len(runs)
    if is_frequent and (roughness >= _SMOOTH or at.is_even()):
        return 0.0
    if usual == 1:
        return _HITCH if roughness < _SMOOTH else _SLIGHT
    if run == 2 * usual:  # an animator's, unless motion seems to have gone on
        return _SLIGHT if after >= _WENT_ON * step else 0.0
    return _LATE if at.is_late(usual) else _SLIGHT


def _is_speech(runs: Whole, usual: int) -> bool:
    """Whether drawings stand so long now and then, and a whole number of times: mouths pause."""
    pauses = np.count_nonzero(runs > usual)
    return bool(usual > 1 and pauses >= _PAUSES and not np.any(runs % usual))


def _weight_of_step(at: _Around) -> float:
    """Return what it weighs that a step is longer than those around: drawings were left out."""
    if at.index < 2 or at.index + 1 >= len(at.steps):
        return 0.0
    before, step, after = at.steps[at.index - 1 : at.index + 2].tolist()
    stood = int(at.runs[at.index - 1])
    if min(before, step, after) <= 0 or at.is_lit() or stood > _HELD_S * at.rate:
        return 0.0  # motion may begin anew after a hold
    by = float(np.log(step / max(before, after)))
    if by < _JUMPED or step < _LEAST_JUMP or not at.is_clear() or at.comes_again():
        return 0.0
    if _is_far(by, _strays(at.near, 1), _SMOOTH):
        return _FULL if by >= 2 * _JUMPED else _HITCH
    if by >= 2 * _JUMPED and _is_far(by, _strays(at.near, 1, _MOST), _ROUGH):
        return _HITCH
    others = np.sort(np.delete(at.near, at.index - max(1, at.low)))
    return _HITCH if len(others) > 1 and step >= _FAR * others[-2] else 0.0


def _ranked(values: Series, share: float) -> float:
    """Return the value that this share lies below; NumPy's own takes fifteen times as long."""
    ranks = sorted(values.tolist())
    place = share * (len(ranks) - 1)
    low = int(place)
    high = min(low + 1, len(ranks) - 1)
    value: float = ranks[low] + (place - low) * (ranks[high] - ranks[low])
    return value


def _is_far(by: float, strays: float, smooth: float) -> bool:
    return strays < smooth and by >= 4 * strays


def _strays(steps: Series, lag: int, share: float = 0.5) -> float:
    """Return by how much that share of steps strays at most from those `lag` around it (ln)."""
    ln = np.log(np.maximum(steps, 1e-2))
    if len(ln) < 2 * lag + 3:
        return float("inf")
    strays = np.abs(ln[lag:-lag] - 0.5 * (ln[: -2 * lag] + ln[2 * lag :]))
    return _ranked(strays, share)
