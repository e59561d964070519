"""Where to begin: first attempts that pass as more is known, beside Optuna's TPE."""

from __future__ import annotations

import importlib.util
import random
import statistics
import uuid
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from tests import samples
from tests.bench.loop.ways import OFFERED, Memory, is_good, product, run
from tests.bench.loop.worlds import PAIRS, World
from tower_anime.domain.family import SDXL
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.manner import SECTIONS
from tower_anime.domain.request import RenderRequest
from tower_anime.learn import drift
from tower_anime.learn.suggest import LEARNABLE, NEWEST, suggest
from tower_anime.learn.words import choose_words, lifts
from tower_anime.pipeline.memory import lot_of

BAD = samples.request(steps=9, cfg=12.0, sampler="euler", scheduler="normal")
GOOD = samples.request()
Begin = Callable[[RenderRequest, str, Memory], RenderRequest]


def untaught(base: RenderRequest, _id: str, _memory: Memory) -> RenderRequest:
    """Begin as the defaults say."""
    return base


def by_parameters(base: RenderRequest, id_: str, memory: Memory) -> RenderRequest:
    """Begin as the product suggests."""
    told = memory.told[-NEWEST:]
    suggestion = suggest(
        told,
        weights=drift.weights(told, drift.shifts(told)),
        base=base,
        family=SDXL,
        free=LEARNABLE,
        offered=OFFERED,
        lot=lot_of(id_, "explore"),
    )
    return base.changed(**suggestion.values)


def by_words_too(base: RenderRequest, id_: str, memory: Memory) -> RenderRequest:
    """Begin as the product suggests, with learned words; what lots left out is remembered."""
    told = memory.told
    firsts = [outcome for outcome in told if outcome.number == 1]
    if len(firsts) >= 10:
        choice = choose_words(
            lifts(told, weights=drift.weights(told, drift.shifts(told))),
            prompt=base.prompt,
            allowed=SECTIONS.__contains__,
            passing=statistics.mean(outcome.passed for outcome in firsts[-50:]),
            lot=lambda purpose: lot_of(id_, purpose),
        )
        DRAWN[id_] = dict(choice.drawn)
        base = base.changed(prompt=", ".join((base.prompt, *choice.added)))
    return by_parameters(base, id_, memory)


DRAWN: dict[str, dict[str, bool]] = {}


def curve(
    world: World, base: RenderRequest, begin: Begin, requests: int, *, words: bool = False
) -> list[bool]:
    """Return whether each first attempt is truly good, learning as it goes."""
    memory, found = Memory(), list[bool]()
    for number in range(requests):
        usual, id_ = _asked(world, base, number, words=words)
        attempts = _first(world, begin(usual, id_, memory), memory, id_)
        found.append(is_good(world, attempts))
    return found


def _asked(
    world: World, base: RenderRequest, number: int, *, words: bool
) -> tuple[RenderRequest, str]:
    lot = random.Random(f"first {world.number}:{number}")
    said = [word for word in world.said if lot.random() < 0.25] if words else []
    prompt = ", ".join(("1girl", str(number), *said))
    usual = base.changed(prompt=prompt, seed=lot.getrandbits(40))
    return usual, str(uuid.UUID(int=lot.getrandbits(128), version=4))


def _first(world: World, start: RenderRequest, memory: Memory, id_: str) -> Any:
    """Run a request; what its memory keeps says which words were drawn."""
    before = len(memory.told)
    attempts = run(world, start, product, memory)
    fresh = memory.told[before:]
    memory.told[before:] = [_with_lots(outcome, id_) for outcome in fresh]
    return attempts[0]


def _with_lots(outcome: Outcome, id_: str) -> Outcome:
    from dataclasses import replace

    return replace(outcome, drawn=DRAWN.get(id_, {}) if outcome.number == 1 else {})


# ---- Optuna -----------------------------------------------------------------------------------


def has_optuna() -> bool:
    """Whether the rival is installed (dependency group `bench`)."""
    return importlib.util.find_spec("optuna") is not None


def at_equal_evidence(world: World, base: RenderRequest, outcomes: int) -> dict[str, float]:
    """Return the share of 50 first attempts that are good, begun from the same outcomes."""
    memory = Memory()
    number = 0
    while len(memory.told) < outcomes:
        usual, id_ = _asked(world, base, number, words=False)
        _first(world, by_parameters(usual, id_, memory), memory, id_)
        number += 1
    memory.told = memory.told[:outcomes]
    fresh = [_asked(world, base, 1000 + n, words=False) for n in range(50)]
    ways = {
        "untaught": [usual for usual, _ in fresh],
        "product": [by_parameters(usual, id_, memory) for usual, id_ in fresh],
    }
    if has_optuna():
        asked, best = _tpe(memory.told, len(fresh), seed=world.number)
        ways["TPE"] = [u.changed(**v) for (u, _), v in zip(fresh, asked, strict=True)]
        ways["TPE's best trial"] = [usual.changed(**best) for usual, _ in fresh]
    return {
        name: statistics.mean(is_good(world, samples.attempt(1, request=r)) for r in requests)
        for name, requests in ways.items()
    }


def _tpe(told: Sequence[Outcome], number: int, *, seed: int) -> tuple[list[Any], Any]:
    """Return what TPE proposes after these outcomes, and the settings of its best trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    names = ["/".join(pair) for pair in PAIRS]
    space = {
        "steps": optuna.distributions.IntDistribution(4, 60, log=True),
        "cfg": optuna.distributions.FloatDistribution(1.0, 20.0),
        "pair": optuna.distributions.CategoricalDistribution(names),
    }
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=10)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for outcome in told:
        request = outcome.request
        params = {
            "steps": min(60, max(4, request.steps)),
            "cfg": min(20.0, max(1.0, request.cfg)),
            "pair": f"{request.sampler}/{request.scheduler}",
        }
        trial = optuna.trial.create_trial(params=params, distributions=space, value=outcome.score)
        study.add_trial(trial)

    def values(params: dict[str, Any]) -> dict[str, Any]:
        name, scheduler = params["pair"].split("/")
        changes = {"steps": params["steps"], "cfg": round(params["cfg"], 1)}
        return {**changes, "sampler": name, "scheduler": scheduler}

    best = values(study.best_trial.params)
    return [values(study.ask(space).params) for _ in range(number)], best
