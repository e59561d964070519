"""What makes older evidence less telling: another model file, another server, other results.

Outcomes are a series, oldest first. A change of the server's version is told by the records; that
results became better or worse, without anybody saying so, is found where two parts of the series
differ most (likelihood ratio over all places, with the bar of a sequence looked at everywhere).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Shift
from tower_anime.learn.ranks import ranks

HALF_LIFE = 600  # outcomes after which one counts half: people, files and habits move on
_OTHER_VERSION = 0.5  # what outcomes of another server version are worth; chosen by hand
_OTHER_FILE = 1 / 3  # what those with another model file are worth, as for parameters
_OTHER_RESULTS = 0.25  # what those before a found change are worth
_LEAST = 20  # outcomes on either side of a change
_BAR = 16.0  # 2 ln of the ratio; 1 % of series of 400 without a change reach it (simulated)
_NEWEST = 400
_FAMILIAR = 10  # outcomes of others before a new checkpoint is news


def shifts(outcomes: Sequence[Outcome]) -> tuple[Shift, ...]:
    """Return what changed, oldest first; `outcomes` of one family and kind of server."""
    found = [*_new_checkpoints(outcomes), *_new_versions(outcomes), *_other_results(outcomes)]
    return tuple(sorted(found, key=lambda shift: shift.position))


def weights(outcomes: Sequence[Outcome], found: Sequence[Shift]) -> tuple[float, ...]:
    """Return what each outcome still counts (0–1): by its age, and by what changed since."""
    ages = np.arange(len(outcomes) - 1, -1, -1, dtype=float)
    counts: NDArray[np.float64] = 0.5 ** (ages / HALF_LIFE)
    for shift in found:
        if shift.kind == "server":
            counts[: shift.position] *= shift.weight
        elif shift.kind == "results":
            before = np.array([o.checkpoint == shift.subject for o in outcomes[: shift.position]])
            counts[: shift.position][before] *= shift.weight
    return tuple(float(count) for count in counts)


def weights_of_words(outcomes: Sequence[Outcome], found: Sequence[Shift]) -> tuple[float, ...]:
    """Return what each outcome still counts of words: those of other model files less.

    What counts in full is the file in use, that of the newest outcome. Parameters weigh other
    files by their nearness.
    """
    counts = weights(outcomes, found)
    used = outcomes[-1].checkpoint if outcomes else None
    return tuple(
        count if outcome.checkpoint == used else count * _OTHER_FILE
        for count, outcome in zip(counts, outcomes, strict=True)
    )


def _new_checkpoints(outcomes: Sequence[Outcome]) -> list[Shift]:
    seen: dict[str, int] = {}
    for position, outcome in enumerate(outcomes):
        seen.setdefault(outcome.checkpoint or "", position)
    return [
        Shift(
            kind="checkpoint",
            subject=name,
            position=position,
            says=f"{name} is new: what is known of other files of its family counts a third there",
            weight=1.0,
        )
        for name, position in seen.items()
        if name and position >= _FAMILIAR
    ]


def _new_versions(outcomes: Sequence[Outcome]) -> list[Shift]:
    found = list[Shift]()
    before = ""
    for position, outcome in enumerate(outcomes):
        version = outcome.version
        if version and before and version != before:
            says = f"the server went from ComfyUI {before} to {version}: older outcomes count half"
            found.append(
                Shift(
                    kind="server",
                    subject=version,
                    position=position,
                    says=says,
                    weight=_OTHER_VERSION,
                )
            )
        before = version or before
    return found[-3:]


def _other_results(outcomes: Sequence[Outcome]) -> list[Shift]:
    """Find for each checkpoint the place where first attempts became better or worse, if any."""
    found = []
    for name in {outcome.checkpoint for outcome in outcomes}:
        mine = [
            (position, outcome)
            for position, outcome in enumerate(outcomes)
            if outcome.checkpoint == name and outcome.number == 1
        ][-_NEWEST:]
        place = _change(_beyond_habit(mine)) if mine else None
        if place is None:
            continue
        at, before, after = place
        word = "worse" if after < before else "better"
        shown = name or "the workflow's own model"
        found.append(
            Shift(
                kind="results",
                subject=name or "",
                position=mine[at][0],
                says=f"first attempts with {shown} became {word} than the same settings gave "
                f"before ({before:+.2f} to {after:+.2f}): older outcomes count a quarter",
                weight=_OTHER_RESULTS,
            )
        )
    return found


def _beyond_habit(mine: Sequence[tuple[int, Outcome]]) -> NDArray[np.float64]:
    """Return scores beyond the mean of each one's own setting, so that learning is no drift."""
    requests = [outcome.request for _, outcome in mine]
    scores = np.array([outcome.score for _, outcome in mine])
    steps = np.log([float(request.steps) for request in requests])
    cfg = np.array([request.cfg for request in requests])
    pairs: dict[object, int] = {}
    both = np.array([pairs.setdefault((r.sampler, r.scheduler), len(pairs)) for r in requests])
    alike = (
        (np.abs(steps[:, None] - steps) < 0.2)
        & (np.abs(cfg[:, None] - cfg) < 1.0)
        & (both[:, None] == both)
    )
    rest: NDArray[np.float64] = scores - (alike @ scores) / alike.sum(axis=1)
    return rest


def _change(series: NDArray[np.float64]) -> tuple[int, float, float] | None:
    """Return the place where the mean changes, and both means; None without a clear one."""
    number = len(series)
    if number < 2 * _LEAST:
        return None
    ranked = ranks(series) - 0.5
    if not ranked.any():
        return None
    sums, places = np.cumsum(ranked), np.arange(_LEAST, number - _LEAST + 1)
    left = sums[places - 1] / places
    right = (sums[-1] - sums[places - 1]) / (number - places)
    gain = (left - right) ** 2 * places * (number - places) / number / ranked.var()
    best = int(np.argmax(gain))
    if gain[best] < _BAR:
        return None
    at = int(places[best])
    return at, float(series[:at].mean()), float(series[at:].mean())
