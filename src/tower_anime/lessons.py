"""What was learned, for people: shown, exported, imported, forgotten; how far corrections help."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tower_anime.compose import open_store
from tower_anime.domain.correction import Correction
from tower_anime.domain.knowledge import Effect, Outcome
from tower_anime.domain.lesson import Part
from tower_anime.domain.request import RenderRequest, check_request
from tower_anime.errors import BadInput
from tower_anime.learn.effects import knowledge_of
from tower_anime.pipeline.memory import SANDBOX
from tower_anime.ports import Memory
from tower_anime.settings import Settings

Group = tuple[str, str, str]  # backend, family, checkpoint


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What is known of one checkpoint. `usual` are the commonest parameters of what passed."""

    backend: str
    family: str
    checkpoint: str
    attempts: int
    passed: int
    usual: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Uplift:
    """How far one change helps against one defect."""

    backend: str
    family: str
    defect: str
    change: str
    effect: Effect

    def view(self) -> dict[str, Any]:
        """Return it as one flat JSON object."""
        plain: dict[str, Any] = {k: v for k, v in vars(self).items() if k != "effect"}
        return {**plain, **asdict(self.effect), "retired": self.effect.retired}


def lessons(settings: Settings) -> tuple[Lesson, ...]:
    """Return what is known of each checkpoint, those with most attempts first."""
    with _memory(settings) as memory:
        return lessons_of(memory.outcomes())


def lessons_of(outcomes: Sequence[Outcome]) -> tuple[Lesson, ...]:
    """Return what outcomes teach of each checkpoint, those with most attempts first."""
    grouped: dict[Group, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[_backend(outcome), outcome.family, outcome.checkpoint or ""].append(outcome)
    found = (_lesson(group, told) for group, told in grouped.items())
    return tuple(sorted(found, key=lambda lesson: -lesson.attempts))


def corrections(settings: Settings) -> tuple[Uplift, ...]:
    """Return every change that was tried against a defect, the most tried first."""
    with _memory(settings) as memory:
        return uplifts(memory)


def uplifts(memory: Memory) -> tuple[Uplift, ...]:
    """Return every change that was tried, by defect, family and kind of server."""
    return uplifts_of(memory.outcomes())


def uplifts_of(outcomes: Sequence[Outcome]) -> tuple[Uplift, ...]:
    """Return every change that these outcomes tried, by defect, family and kind of server."""
    grouped: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[_backend(outcome), outcome.family].append(outcome)
    found = [
        Uplift(backend=backend, family=family, defect=defect, change=move, effect=effect)
        for (backend, family), told in grouped.items()
        for (defect, move), effect in knowledge_of(told).effects.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.effect.tries, item.defect, item.change)))


def export(settings: Settings, file: Path) -> int:
    """Write every outcome as a line of JSON; returns how many."""
    with _memory(settings) as memory:
        lines = list(exported(memory))
    try:
        file.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} can't be written: {error.strerror}") from error
    return len(lines)


def exported(memory: Memory) -> Iterator[str]:
    """Yield every outcome as a line of JSON."""
    for outcome in memory.outcomes():
        yield json.dumps(asdict(outcome), ensure_ascii=False) + "\n"


def imported(memory: Memory, text: str, *, name: str) -> int:
    """Add the outcomes of an exported text; returns how many are new. `name` is for messages."""
    return memory.add_outcomes(tuple(_outcomes_of(text, name)))


def import_(settings: Settings, file: Path) -> int:
    """Add outcomes that `export` wrote elsewhere; returns how many are new."""
    with _memory(settings) as memory:
        return memory.add_outcomes(tuple(_read(file)))


def reset(
    settings: Settings,
    *,
    part: Part | None = None,
    family: str | None = None,
    project: str | None = None,
) -> None:
    """Learn from nothing that was made or imported up to now; the pictures stay.

    `part`, `family` and `project` say of what; None: of all.
    """
    with _memory(settings) as memory:
        memory.forget(part=part, family=family, project=project)


def undo_reset(settings: Settings) -> int:
    """Learn again from what was forgotten, but for outcomes from elsewhere; returns how many."""
    with _memory(settings) as memory:
        return memory.remember_again()


def _lesson(group: Group, told: Sequence[Outcome]) -> Lesson:
    backend, family, checkpoint = group
    good = [outcome.request for outcome in told if outcome.passed]
    names = ("steps", "cfg", "sampler", "scheduler")
    usual = {
        name: Counter(getattr(request, name) for request in good).most_common(1)[0][0]
        for name in names
        if good
    }
    return Lesson(
        backend=backend,
        family=family,
        checkpoint=checkpoint,
        attempts=len(told),
        passed=len(good),
        usual=usual,
    )


def _backend(outcome: Outcome) -> str:
    return SANDBOX if outcome.backend == SANDBOX else "comfyui"


def _read(file: Path) -> Iterator[Outcome]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} can't be read: {error}") from error
    return _outcomes_of(text, str(file))


def _outcomes_of(text: str, name: str) -> Iterator[Outcome]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _outcome(json.loads(line))
        except KeyError as error:
            why = f"{error} is missing"
        except json.JSONDecodeError as error:
            why = f"a line is one JSON object, as `learning export` writes them ({error.msg})"
        except (ValueError, TypeError, RecursionError, BadInput) as error:
            why = str(error)
        else:
            continue
        raise BadInput(f"{name}, line {number}: this is no outcome: {why}")


def _outcome(data: Mapping[str, Any]) -> Outcome:
    """Return an outcome from its JSON; raises for what is none."""
    if not isinstance(data, dict):
        raise BadInput("a line is one JSON object, as `learning export` writes them")
    made = dict(data)
    score, passed = made["score"], made["passed"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise BadInput(f"a score is a number from 0 to 1, not {score!r}")
    if not isinstance(passed, bool):
        raise BadInput(f"passed must be true or false, not {passed!r}")
    words = ("generation_id", "backend", "family")
    if not all(isinstance(made[word], str) and made[word] for word in words):
        raise BadInput("generation_id, backend and family must be texts")
    made["added"] = tuple(str(word) for word in made.get("added", ()))
    made["drawn"] = {str(word): bool(here) for word, here in made.get("drawn", {}).items()}
    if not (made.get("person") is None or isinstance(made["person"], bool)):
        raise BadInput(f"person must be true, false or null, not {made['person']!r}")
    for name in ("project", "profile", "version", "at"):
        made[name] = str(made.get(name, ""))
    made["request"] = check_request(RenderRequest(**made["request"]))
    made["losses"] = {str(kind): float(loss) for kind, loss in made["losses"].items()}
    made["corrections"] = tuple(
        Correction(
            defect=str(one["defect"]),
            reason=str(one["reason"]),
            change={name: (pair[0], pair[1]) for name, pair in one["change"].items()},
        )
        for one in made["corrections"]
    )
    return Outcome(**made)


@contextmanager
def _memory(settings: Settings) -> Iterator[Memory]:
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()
