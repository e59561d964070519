"""What was learned, for people: shown, exported, imported, forgotten; how far corrections help."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tower_anime.compose import open_store
from tower_anime.domain.knowledge import Effect, Outcome
from tower_anime.domain.lesson import Forgotten, Part
from tower_anime.errors import BadInput
from tower_anime.exports import exported, outcomes_of
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
        lines = list(exported(memory.outcomes()))
    try:
        file.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} can't be written: {error.strerror}") from error
    return len(lines)


def imported(memory: Memory, text: str, *, name: str) -> int:
    """Add the outcomes of an exported text; returns how many are new. `name` is for messages."""
    told = tuple(outcomes_of(text, name))
    if not told:
        raise BadInput(f"{name} holds no outcome")
    return memory.add_outcomes(told)


def import_(settings: Settings, file: Path) -> int:
    """Add outcomes that `export` wrote elsewhere; returns how many are new."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} can't be read: {error}") from error
    with _memory(settings) as memory:
        return imported(memory, text, name=str(file))


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


def forgotten(settings: Settings) -> tuple[Forgotten, ...]:
    """Return the resets that hold, the newest first."""
    with _memory(settings) as memory:
        return memory.forgotten()


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


@contextmanager
def _memory(settings: Settings) -> Iterator[Memory]:
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()
