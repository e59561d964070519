"""Which words help: what first attempts with them came to, against those without them.

Words are compared on scores from which the influence of the parameters is taken. Every word that
occurs often enough is a question of its own, so intervals are as wide as that many questions
demand (Bonferroni); estimates are pulled towards 0 by how much the words really differ
(empirical Bayes, most words doing nothing at all). What the system itself added tells something
only where a lot decided on it: else the words of good days would praise themselves.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.intervals import student
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import WordChoice, WordLift
from tower_anime.learn.prompts import tokens
from tower_anime.learn.ranks import ranks

NEWEST = 2000  # first attempts that count
ENOUGH = 5  # cases with, and as many without, before a word is a question at all
_ENOUGH_BY_LOT = 8  # of each arm, from which on only lots count
_MOST_PAIRS = 200
_ERROR, _PAIR_ERROR = 0.05, 0.02  # chance of any wrong word at all, of any wrong pair
_SLAB, _SLAB_CASES = 0.1, 2.0  # first guess of how far words that matter differ, and its weight
_SPIKE = 0.05  # first guess of the share of words that matter
_PLACES = 2.0  # cases that a setting's mean is pulled towards the mean of all with
_KEPT, _LEFT = 2.0, 1.64  # deviations: an effect that stands beside another word's, or does not
_BEYOND = 3.0  # deviations by which two words do more than the sum of what each does

MOST_ADDED = 3
ADDED_SHARE = 0.75  # of the requests get a word that helps; the others are the comparison
_TRIED = 0.25  # of the requests try a word that may help, where most pictures fail
_GOOD_ENOUGH = 0.85  # above that share there is nothing to find out

_Figures = NDArray[np.float64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Cases:
    """First attempts: the score beyond what their parameters explain, as levels and as ranks."""

    told: Sequence[Outcome]
    rest: _Figures
    ranks: _Figures
    weights: _Figures


def lifts(
    outcomes: Sequence[Outcome],
    *,
    negative: bool = False,
    weights: Sequence[float] | None = None,
) -> tuple[WordLift, ...]:
    """Return what is known of each word, the surest first.

    `outcomes` are of one family and kind of server, oldest first; only first attempts count, so
    that each wish counts once. `weights` (0–1 each) let old evidence decay. `negative`: of the
    negative prompts' words.
    """
    given = weights if weights is not None else [1.0] * len(outcomes)
    firsts = [(o, w) for o, w in zip(outcomes, given, strict=True) if o.number == 1][-NEWEST:]
    if len(firsts) < 2 * ENOUGH:
        return ()
    cases = _cases([o for o, _ in firsts], np.array([w for _, w in firsts]))
    names, there, known, by_lot = _presence(cases.told, negative=negative)
    singles = _tested(cases, there, known, error=_ERROR)
    singles = replace(singles, agrees=singles.agrees & ~_borrowed(cases, there, known, singles))
    found = [
        _lift((names[c],), singles, at, cases, there[:, c], known[:, c])
        for at, c in enumerate(singles.columns)
    ]
    found += _pairs(cases, names, there, known)
    marked = (replace(one, negative=negative, by_lot=one.words[0] in by_lot) for one in found)
    return tuple(sorted(marked, key=lambda lift: (-lift.low, lift.words)))


def choose_words(
    found: Sequence[WordLift],
    *,
    prompt: str,
    allowed: Callable[[str], bool],
    passing: float,
    pool: Collection[str] = (),
    lot: Callable[[str], float],
) -> WordChoice:
    """Return words for a prompt: those that are shown to help, mostly; now and then one to try.

    `allowed` says whether a word may join this request; `pool` are words that may be tried beside
    those with some evidence; `passing` is the share of first attempts that pass; `lot` draws a
    number (0–1) for a purpose, the same one always.
    """
    said = tokens(prompt)
    sure = dict.fromkeys(
        word
        for lift in found
        if lift.sure and not lift.negative and all(w in said or allowed(w) for w in lift.words)
        for word in lift.words
        if word not in said
    )
    chosen = list(sure)[:MOST_ADDED]
    drawn = {word: lot(f"word {word}") < ADDED_SHARE for word in chosen}
    reasons = dict.fromkeys(chosen, "it raises the score here")
    tried = _word_to_try(found, said, set(sure), allowed, pool, lot)
    room = len(chosen) < MOST_ADDED
    if tried and room and passing < _GOOD_ENOUGH and lot("try a word") < _TRIED:
        drawn[tried] = True
        reasons[tried] = "tried, to find out"
    return WordChoice(drawn=drawn, reasons=reasons)


def choose_avoided(
    found: Sequence[WordLift],
    *,
    negative: str,
    allowed: Callable[[str], bool],
    lot: Callable[[str], float],
) -> WordChoice:
    """Return words for the negative prompt that are shown to help there."""
    said = tokens(negative)
    sure = [
        lift.words[0]
        for lift in found
        if lift.sure and lift.negative and len(lift.words) == 1 and lift.words[0] not in said
    ]
    chosen = [word for word in sure if allowed(word)][:MOST_ADDED]
    drawn = {word: lot(f"avoid {word}") < ADDED_SHARE for word in chosen}
    return WordChoice(drawn=drawn, reasons=dict.fromkeys(chosen, "avoiding it raises the score"))


def _word_to_try(
    found: Sequence[WordLift],
    said: Collection[str],
    sure: Collection[str],
    allowed: Callable[[str], bool],
    pool: Collection[str],
    lot: Callable[[str], float],
) -> str | None:
    """Return the word with the best draw from what is believed of it (Thompson 1933)."""
    usual = 2.0 * _SLAB
    believed = dict.fromkeys(pool, (0.0, usual))
    for lift in found:
        if len(lift.words) == 1 and not lift.negative:
            spread = (lift.high - lift.low) / 6.0  # the interval spans about six deviations
            believed[lift.words[0]] = (lift.lift, spread)
    draws = {
        word: mean + spread * NormalDist().inv_cdf(min(max(lot(f"draw {word}"), 1e-6), 1 - 1e-6))
        for word, (mean, spread) in sorted(believed.items())
        if word not in said and word not in sure and allowed(word)
    }
    best = max(draws, key=draws.__getitem__, default=None)
    return best if best is not None and draws[best] > 0 else None


# ---- cases ------------------------------------------------------------------------------------


def _cases(told: Sequence[Outcome], weights: _Figures) -> _Cases:
    """Take from each score what the parameters explain: the mean of its setting, pulled in."""
    scores = np.array([outcome.score for outcome in told])
    places = defaultdict[object, list[int]](list)
    for at, outcome in enumerate(told):
        places[_place(outcome)].append(at)
    rest, overall = scores.copy(), float(scores.mean())
    for members in places.values():
        own = scores[members]
        pulled = (own.sum() + _PLACES * overall) / (len(members) + _PLACES)
        rest[members] -= pulled
    normal = NormalDist()
    ranked = np.array([normal.inv_cdf(float(rank)) for rank in ranks(rest)])
    varies = max(float(ranked.std()), 1e-6)  # less than 1 where many are equal
    return _Cases(told, rest - rest.mean(), ranked / varies, weights)


def _place(outcome: Outcome) -> object:
    """Return the setting that an outcome shares with others like it, and what judged it."""
    request = outcome.request
    area = round(2.0 * np.log2(max(1, request.width * request.height)))
    steps = round(2.0 * np.log2(max(1, request.steps)))
    cfg = round(request.cfg / 1.5)
    pair = request.sampler, request.scheduler
    return outcome.checkpoint, outcome.profile, area, steps, cfg, pair


def _presence(
    told: Sequence[Outcome], *, negative: bool
) -> tuple[list[str], _Flags, _Flags, frozenset[str]]:
    """Return words, where each stood, where that tells something, and those told by lots alone."""
    said = [tokens(o.request.negative if negative else o.request.prompt) for o in told]
    drawn = [_phrases(o.drawn, negative=negative) for o in told]
    added = [frozenset(word for phrase in o.added for word in tokens(phrase)) for o in told]
    counts = Counter(word for words in said for word in words)
    lots = Counter((word, here) for one in drawn for word, here in one.items())
    by_lot = frozenset(
        word
        for word in {word for word, _ in lots}
        if min(lots[word, True], lots[word, False]) >= _ENOUGH_BY_LOT
    )
    names = sorted(w for w, n in counts.items() if ENOUGH <= n <= len(told) - ENOUGH)
    column = {name: at for at, name in enumerate(names)}
    there = np.zeros((len(told), len(names)), bool)
    known = np.ones((len(told), len(names)), bool)
    for row, (words, one, by_us) in enumerate(zip(said, drawn, added, strict=True)):
        for word in words:
            if word in column:
                there[row, column[word]] = True
        for word in by_us - one.keys():
            if word in column:
                known[row, column[word]] = False
    for word in by_lot & column.keys():
        known[:, column[word]] = [word in one for one in drawn]
    return names, there, known, by_lot


def _phrases(drawn: Mapping[str, bool], *, negative: bool) -> Mapping[str, bool]:
    """Return the lots on words of one of the prompts; those of the negative one begin with `-`."""
    if negative:
        return {word[1:]: here for word, here in drawn.items() if word.startswith("-")}
    return {word: here for word, here in drawn.items() if not word.startswith("-")}


# ---- tests ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tested:
    """One row a question: raw and pulled difference, the interval's reach, chance of an effect."""

    columns: Sequence[int]
    present: _Figures
    absent: _Figures
    lift: _Figures
    reach: _Figures
    helps: _Figures
    agrees: _Flags


def _tested(cases: _Cases, there: _Flags, known: _Flags, *, error: float) -> _Tested:
    """Compare cases with and without, for every column with enough of both."""
    w = cases.weights[:, None]
    on, off = there & known, ~there & known
    enough = np.flatnonzero((on.sum(axis=0) >= ENOUGH) & (off.sum(axis=0) >= ENOUGH))
    if not enough.size:
        none = np.zeros(0)
        return _Tested([], none, none, none, none, none, np.zeros(0, bool))
    on, off = on[:, enough], off[:, enough]
    n1, n0 = (_size(part, w) for part in (on, off))
    m1, m0 = (_mean(part, w, cases.rest) for part in (on, off))
    within = _mean(on, w, cases.rest**2) - m1**2, _mean(off, w, cases.rest**2) - m0**2
    freedom = n1 + n0 - 2
    variance = np.maximum((n1 * within[0] + n0 * within[1]) / freedom, 1e-6)
    error2 = variance * (1 / n1 + 1 / n0)
    raw = m1 - m0
    slab2, helps = _effects(raw, error2)
    pull = slab2 / (slab2 + error2)
    each = 1 - error * _shares_of_error(n1, n0)
    quantiles = [student(p, max(1.0, f)) for p, f in zip(each, freedom, strict=True)]
    reach = np.array(quantiles) * np.sqrt(pull * error2)
    ranked = _mean(on, w, cases.ranks) - _mean(off, w, cases.ranks)
    normal = np.array([NormalDist().inv_cdf(float(p)) for p in each])
    agrees = np.abs(ranked) / np.sqrt(1 / n1 + 1 / n0) > normal
    return _Tested(list(enough), n1, n0, raw * pull, reach, helps, agrees)


def _borrowed(cases: _Cases, there: _Flags, known: _Flags, tested: _Tested) -> _Flags:
    """Return which words only seem to matter, since they mostly stand beside one that does.

    Of two such words, told together, one keeps its effect and nothing is left of the other's.
    Words that never stand apart can't be told from each other, and both stay.
    """
    found = np.zeros(len(tested.columns), bool)
    certain = tested.agrees & (np.abs(tested.lift) > tested.reach)
    sure = [int(at) for at in np.flatnonzero(certain)]
    for one, other in itertools.permutations(sure, 2):
        a, b = tested.columns[one], tested.columns[other]
        rows = known[:, a] & known[:, b]
        if (there[rows, a] ^ there[rows, b]).sum() < ENOUGH:
            continue
        kept, left = _told_together(cases, there[:, (a, b)], rows)
        found[other] |= abs(kept) >= _KEPT and left * np.sign(tested.lift[other]) < _LEFT
    return found


def _beyond_each(
    cases: _Cases,
    there: _Flags,
    known: _Flags,
    pairs: Sequence[tuple[int, int]],
    tested: _Tested,
) -> _Flags:
    """Return which pairs that seem to matter do more than the sum of their two words."""
    found = tested.agrees & (np.abs(tested.lift) > tested.reach)
    for at in np.flatnonzero(found):
        column = tested.columns[int(at)]
        a, b = pairs[column]
        rows = known[:, column]
        design = np.column_stack([there[rows, a], there[rows, b], there[rows, a] & there[rows, b]])
        found[at] = _deviations(cases, design, rows)[2] * np.sign(tested.lift[at]) >= _BEYOND
    return found


def _told_together(cases: _Cases, both: _Flags, rows: _Flags) -> tuple[float, float]:
    """Return the effects of two words in deviations of their error, each beside the other."""
    one, other = _deviations(cases, both[rows], rows)
    return float(one), float(other)


def _deviations(cases: _Cases, there: _Flags, rows: _Flags) -> _Figures:
    """Return the effects of columns, each beside the others, in deviations of their errors."""
    design = np.column_stack([np.ones(len(there)), there])
    weights, rest = cases.weights[rows], cases.rest[rows]
    inverse = np.linalg.pinv(design.T @ (design * weights[:, None]))
    effects = inverse @ (design.T @ (weights * rest))
    free = max(1e-9, weights.sum() - design.shape[1])
    variance = weights @ (rest - design @ effects) ** 2 / free
    errors = np.sqrt(np.maximum(variance * np.diag(inverse), 1e-12))
    found: _Figures = (effects / errors)[1:]
    return found


def _shares_of_error(present: _Figures, absent: _Figures) -> _Figures:
    """Return how the chance of a wrong word is shared out: more to words with much evidence.

    Whatever the shares, their sum bounds the error (weighted Bonferroni, Genovese 2006), as long
    as they follow from the numbers of cases alone.
    """
    worth = (present * absent / (present + absent)) ** 2
    shares: _Figures = worth / worth.sum()
    return shares


def _size(part: _Flags, weights: _Figures) -> _Figures:
    """Return how many cases the weighted ones are worth (Kish 1965)."""
    total = (part * weights).sum(axis=0)
    size: _Figures = total**2 / np.maximum((part * weights**2).sum(axis=0), 1e-12)
    return np.maximum(size, 1.5)


def _mean(part: _Flags, weights: _Figures, values: _Figures) -> _Figures:
    weighed = part * weights
    mean: _Figures = (weighed * values[:, None]).sum(axis=0) / np.maximum(
        weighed.sum(axis=0), 1e-12
    )
    return mean


def _effects(raw: _Figures, error2: _Figures) -> tuple[float, _Figures]:
    """Return how far words that matter differ (variance), and each one's chance to be of them.

    A mixture of "nothing" and a normal distribution around 0, by expectation maximisation.
    """
    share, slab2 = _SPIKE, _SLAB**2
    chance = np.full(raw.shape, share)
    for _ in range(25):
        odds = share / (1 - share) * np.sqrt(error2 / (error2 + slab2))
        odds = odds * np.exp(np.minimum(0.5 * raw**2 * (1 / error2 - 1 / (error2 + slab2)), 500.0))
        chance = odds / (1 + odds)
        share = float((chance.sum() + 1.0) / (raw.size + 1.0 / _SPIKE))
        share = min(share, 0.5)
        excess = np.maximum(raw**2 - error2, 0.0)
        slab2 = float((chance @ excess + _SLAB_CASES * _SLAB**2) / (chance.sum() + _SLAB_CASES))
    return slab2, chance


def _pairs(cases: _Cases, names: Sequence[str], there: _Flags, known: _Flags) -> list[WordLift]:
    """Return what two words do together beyond one of them alone.

    Together they are also better where one of them is good by itself: that is no effect of two.
    """
    often = there.astype(np.float32)
    together = np.triu(often.T @ often, 1)
    order = np.argsort(-together, axis=None, kind="stable")[:_MOST_PAIRS]
    found = [divmod(int(at), len(names)) for at in order]
    pairs = [(a, b) for a, b in found if together[a, b] >= 2 * ENOUGH]
    if not pairs:
        return []
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    both = there[:, left] & there[:, right]
    one = there[:, left] ^ there[:, right]
    told = known[:, left] & known[:, right] & (both | one)
    tested = _tested(cases, both, told, error=_PAIR_ERROR)
    apart = known[:, left] & known[:, right]
    tested = replace(
        tested, agrees=tested.agrees & _beyond_each(cases, there, apart, pairs, tested)
    )
    return [
        _lift((names[left[c]], names[right[c]]), tested, at, cases, both[:, c], told[:, c])
        for at, c in enumerate(tested.columns)
    ]


def _lift(
    words: tuple[str, ...],
    tested: _Tested,
    at: int,
    cases: _Cases,
    there: _Flags,
    known: _Flags,
) -> WordLift:
    lift, reach = float(tested.lift[at]), float(tested.reach[at])
    low, high = lift - reach, lift + reach
    if not tested.agrees[at]:  # a few extreme scores are no evidence
        low, high = min(low, 0.0), max(high, 0.0)
    on = list(itertools.compress(cases.told, there & known))
    off = list(itertools.compress(cases.told, ~there & known))
    return WordLift(
        words=words,
        negative=False,
        present=len(on),
        absent=len(off),
        lift=round(lift, 4),
        low=round(low, 4),
        high=round(high, 4),
        helps=round(float(tested.helps[at]) if lift > 0 else 0.0, 4),
        passing=round(_share(on) - _share(off), 4),
        defects=_defects(on, off),
    )


def _share(told: Sequence[Outcome]) -> float:
    return sum(outcome.passed for outcome in told) / max(1, len(told))


def _defects(on: Sequence[Outcome], off: Sequence[Outcome]) -> Mapping[str, float]:
    """Return by how much the share of each defect differs, the three that differ most."""
    there, away = (Counter(kind for o in part for kind in o.losses) for part in (on, off))
    found = {
        kind: round(there[kind] / max(1, len(on)) - away[kind] / max(1, len(off)), 3)
        for kind in sorted({*there, *away})
    }
    worst = sorted(found, key=lambda kind: -abs(found[kind]))[:3]
    return {kind: found[kind] for kind in worst if found[kind]}
