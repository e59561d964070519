"""What was learned from words and from people, for pages, programs and the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.assess.style import ENOUGH, FEATURES, MOVED, RECIPE, Style, moved
from tower_anime.domain.brief import DEFAULT_PROJECT
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Calibration, Part, Shift, WordLift
from tower_anime.domain.manner import manner_of
from tower_anime.learn import drift
from tower_anime.learn.prompts import nearest
from tower_anime.learn.words import lifts
from tower_anime.pipeline.memory import SANDBOX
from tower_anime.pipeline.people import calibration
from tower_anime.pipeline.styling import MeasuredStyles, defining
from tower_anime.ports import Judged, Memory
from tower_anime.profiles import all_profiles
from tower_anime.settings import Settings

MOST_WORDS = 50
MOST_ALIKE = 10
_LOOKED_AT = 2000


class Remembered(Memory, Judged, Protocol):
    """A store that remembers outcomes and decisions."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What is known of the words of one family on one kind of server.

    What surely helps or harms comes first.
    """

    backend: str
    family: str
    outcomes: int
    words: tuple[WordLift, ...]

    def view(self) -> dict[str, Any]:
        """Return it as JSON; `sure` words are suggested, of them those that say how are added."""
        return {
            "backend": self.backend,
            "family": self.family,
            "outcomes": self.outcomes,
            "compared": len(self.words),
            "words": [
                {
                    **asdict(lift),
                    "sure": lift.sure,
                    "may_be_added": lift.sure and len(manner_of(lift.words)) == len(lift.words),
                }
                for lift in self.words[:MOST_WORDS]
            ],
        }


@dataclass(frozen=True, kw_only=True)
class ProjectStyle:
    """The style of a project's approved pictures with one checkpoint; None while they are few.

    `moved` is the share of the newest that is off the style of those before.
    """

    project: str
    checkpoint: str | None
    pictures: int
    style: Style | None
    moved: float | None = None
    needed: int = ENOUGH

    def view(self) -> dict[str, Any]:
        """Return it as JSON: mean and spread of every feature, and what more or less of it is."""
        plain: dict[str, Any] = {
            "project": self.project,
            "checkpoint": self.checkpoint,
            "pictures": self.pictures,
            "needed": self.needed,
            "moved": self.moved,
            "features": None,
        }
        if self.style is None:
            return plain
        figures = zip(FEATURES, self.style.mean, self.style.spread, strict=True)
        features = {
            name: {
                "mean": round(float(mean), 3),
                "spread": round(float(spread), 3),
                "more": FEATURES[name][0],
                "less": FEATURES[name][1],
            }
            for name, mean, spread in figures
        }
        return {**plain, "features": features}


def vocabularies(memory: Memory, *, sandbox: bool) -> tuple[Vocabulary, ...]:
    """Return what is known of words, by family; the one with most outcomes first."""
    found = [
        Vocabulary(
            backend=_backend(sandbox=sandbox),
            family=family,
            outcomes=len(told),
            words=_words_of(told),
        )
        for family, told in _by_family(memory, Part.WORDS, sandbox=sandbox).items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.outcomes, one.family)))


def _words_of(told: Sequence[Outcome]) -> tuple[WordLift, ...]:
    counts = drift.weights_of_words(told, drift.shifts(told))
    found = (*lifts(told, weights=counts), *lifts(told, negative=True, weights=counts))
    return tuple(sorted(found, key=lambda lift: -max(lift.low, -lift.high)))


def changes(memory: Memory, *, sandbox: bool) -> Mapping[str, tuple[Shift, ...]]:
    """Return what makes older evidence less telling, by family."""
    families = _by_family(memory, Part.PARAMETERS, sandbox=sandbox)
    return {family: drift.shifts(told) for family, told in families.items()}


def alike(memory: Memory, prompt: str, *, sandbox: bool) -> list[dict[str, Any]]:
    """Return the past prompts most like this one, each once, with what came of them."""
    past = memory.past_prompts(sandbox=sandbox)
    near = nearest(prompt, [one.prompt for one in past], most=MOST_ALIKE)
    return [
        {
            "generation_id": past[at].generation_id,
            "likeness": round(likeness, 3),
            "prompt": past[at].prompt,
            "times": past[at].times,
            "score": round(past[at].score, 4),
            "passed": past[at].passed >= 0.5,
            "passing": round(past[at].passed, 4),
        }
        for at, likeness in near
    ]


def calibrations(judged: Judged, settings: Settings, *, sandbox: bool) -> Mapping[str, Calibration]:
    """Return how people's decisions relate to the score, for each profile with any."""
    found = {
        profile.name: calibration(judged, profile, sandbox=sandbox)
        for profile in all_profiles(settings)
    }
    return {name: one for name, one in found.items() if one.decisions}


def project_styles(
    judged: Judged, settings: Settings, *, sandbox: bool
) -> tuple[ProjectStyle, ...]:
    """Return the style of every project and checkpoint with approved pictures."""
    blobs = FileBlobs(settings.data_dir / "artifacts")
    known = MeasuredStyles(judged, blobs, OpenCvMedia())
    return tuple(
        ProjectStyle(
            project=project,
            checkpoint=checkpoint,
            pictures=len(defining(judged, project, checkpoint=checkpoint, sandbox=sandbox)),
            style=known.of(project, checkpoint=checkpoint, sandbox=sandbox),
            moved=_moved(judged, project, checkpoint, sandbox=sandbox),
        )
        for project, checkpoint in judged.projects_with_style(sandbox=sandbox)
    )


@dataclass(frozen=True, kw_only=True)
class StyleState:
    """How many approved pictures a project has with a checkpoint, and how far its style moved."""

    project: str
    checkpoint: str | None
    pictures: int
    needed: int
    moved: float | None


def style_states(judged: Judged, *, sandbox: bool) -> tuple[StyleState, ...]:
    """Return every project with approved pictures; nothing is opened, only what was measured."""
    return tuple(
        StyleState(
            project=project,
            checkpoint=checkpoint,
            pictures=len(defining(judged, project, checkpoint=checkpoint, sandbox=sandbox)),
            needed=ENOUGH,
            moved=_moved(judged, project, checkpoint, sandbox=sandbox),
        )
        for project, checkpoint in judged.projects_with_style(sandbox=sandbox)
        if project != DEFAULT_PROJECT
    )


def moved_styles(judged: Judged, *, sandbox: bool) -> Mapping[str, float]:
    """Return how far each project's style moved lately, with the checkpoint where most."""
    found = dict[str, float]()
    for state in style_states(judged, sandbox=sandbox):
        if state.moved is not None:
            found[state.project] = max(state.moved, found.get(state.project, 0.0))
    return found


def has_moved(share: float) -> bool:
    """Whether so much of what is new is off that the style is another."""
    return share >= MOVED


def _moved(judged: Judged, project: str, checkpoint: str | None, *, sandbox: bool) -> float | None:
    files = defining(judged, project, checkpoint=checkpoint, sandbox=sandbox)
    kept = judged.styles(files, recipe=RECIPE)
    return moved([kept[sha256] for sha256 in files if sha256 in kept])


def overview(store: Remembered, settings: Settings, *, sandbox: bool) -> dict[str, Any]:
    """Return all that was learned from words and people, as JSON for a page."""
    return {
        "backend": _backend(sandbox=sandbox),
        "learning": settings.learning,
        "words": [one.view() for one in vocabularies(store, sandbox=sandbox)],
        "people": {
            name: asdict(one)
            for name, one in calibrations(store, settings, sandbox=sandbox).items()
        },
        "style": [one.view() for one in project_styles(store, settings, sandbox=sandbox)],
        "drift": {
            family: [asdict(shift) for shift in found]
            for family, found in changes(store, sandbox=sandbox).items()
            if found
        },
        "forgotten": [one.view() for one in store.forgotten()],
    }


def _by_family(memory: Memory, part: Part, *, sandbox: bool) -> Mapping[str, tuple[Outcome, ...]]:
    grouped: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in memory.outcomes(sandbox=sandbox, part=part):
        grouped[outcome.family].append(outcome)
    return {family: tuple(told[-_LOOKED_AT:]) for family, told in grouped.items()}


def _backend(*, sandbox: bool) -> str:
    return SANDBOX if sandbox else "comfyui"
