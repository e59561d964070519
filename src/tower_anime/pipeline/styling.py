"""The measured style of a project, and new pictures held against it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tower_anime.assess import recolour, style
from tower_anime.assess.style import ENOUGH, RECIPE, Style
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import DEFAULT_PROJECT
from tower_anime.domain.frame import Frame
from tower_anime.domain.generation import Generation
from tower_anime.domain.quality import Assessment
from tower_anime.errors import Conflict, CorruptOutput, NotFound, Unreadable
from tower_anime.pipeline.memory import SANDBOX
from tower_anime.ports import Blobs, Judged, Media

log = logging.getLogger(__name__)

MOST_AT_ONCE = 40  # pictures measured for one comparison; the others follow with the next ones
_KEPT = 64  # styles in memory


class Styles(Protocol):
    """Holds pictures against the style of their project."""

    def judged(
        self, generation: Generation, attempt: Attempt, frame: Frame, assessment: Assessment
    ) -> Assessment:
        """Return the assessment with what the project's style says of the picture."""
        ...

    def recoloured(self, generation: Generation, attempt: Attempt, source: Path) -> bytes:
        """Return an attempt's picture in its project's colours; `Conflict` if none are known."""
        ...


class NoStyles:
    """Knows no styles."""

    def judged(
        self,
        generation: Generation,  # noqa: ARG002 - the protocol's signature
        attempt: Attempt,  # noqa: ARG002
        frame: Frame,  # noqa: ARG002
        assessment: Assessment,
    ) -> Assessment:
        """Return the assessment as it is."""
        return assessment

    def recoloured(
        self,
        generation: Generation,
        attempt: Attempt,  # noqa: ARG002 - the protocol's signature
        source: Path,  # noqa: ARG002
    ) -> bytes:
        """Refuse: no style is known."""
        raise _unknown(generation.brief.project)


def _unknown(project: str) -> Conflict:
    return Conflict(f"the style of {project} is not known any more")


def defining(
    memory: Judged, project: str, *, checkpoint: str | None, sandbox: bool
) -> tuple[str, ...]:
    """Return the files that define a project's style with a checkpoint, oldest first.

    Scenes that say that they are drawn otherwise don't, unless most of the project's are.
    """
    approved = memory.approved_files(project, checkpoint=checkpoint, sandbox=sandbox)
    usual = [sha256 for sha256, prompt in approved.items() if not style.is_meant_to_differ(prompt)]
    return tuple(usual if len(usual) >= len(approved) / 2 else approved)


@dataclass(frozen=True)
class MeasuredStyles:
    """Styles of approved pictures, per project and checkpoint; each file is measured once."""

    memory: Judged
    blobs: Blobs
    media: Media
    _known: dict[tuple[str, ...], Style | None] = field(default_factory=dict)
    _fresh: dict[str, Mapping[str, float]] = field(default_factory=dict)

    def judged(
        self, generation: Generation, attempt: Attempt, frame: Frame, assessment: Assessment
    ) -> Assessment:
        """Return the assessment with what the project's style says of the picture.

        A picture without a score is no picture to compare, and the project of everything that
        belongs nowhere has no style unless the profile says so.
        """
        project = generation.brief.project
        counts = project != DEFAULT_PROJECT
        if assessment.score is None or not (counts or style.KIND in generation.profile.actions):
            return assessment
        found = self.of(
            project,
            checkpoint=attempt.request.checkpoint,
            sandbox=attempt.backend == SANDBOX,
        )
        if found is None:
            return assessment
        numbers = style.measure(frame)
        if attempt.artifact is not None:
            self._remember(attempt.artifact.sha256, numbers)
        return style.judged(
            assessment,
            style.compare(numbers, found),
            profile=generation.profile,
            counts=counts,
            meant=style.is_meant_to_differ(generation.brief.prompt),
        )

    def recoloured(self, generation: Generation, attempt: Attempt, source: Path) -> bytes:
        """Return an attempt's picture in its project's colours; `Conflict` if none are known."""
        project = generation.brief.project
        found = self.of(
            project, checkpoint=attempt.request.checkpoint, sandbox=attempt.backend == SANDBOX
        )
        if found is None:
            raise _unknown(project)
        frame = self.media.decode_still(source).frame
        return self.media.redrawn(source, recolour.recoloured(frame, found))

    def _remember(self, sha256: str, numbers: Mapping[str, float]) -> None:
        """Keep the numbers of what may be approved soon."""
        if len(self._fresh) >= _KEPT:
            self._fresh.clear()
        self._fresh[sha256] = numbers

    def of(self, project: str, *, checkpoint: str | None, sandbox: bool) -> Style | None:
        """Return a project's style with a checkpoint; None while too few pictures define it."""
        files = defining(self.memory, project, checkpoint=checkpoint, sandbox=sandbox)
        if len(files) < ENOUGH:
            return None
        if files not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[files] = self._style(files)
        return self._known[files]

    def _style(self, files: Sequence[str]) -> Style | None:
        kept = dict(self.memory.styles(files, recipe=RECIPE))
        missing = [sha256 for sha256 in files if sha256 not in kept][-MOST_AT_ONCE:]
        new: dict[str, Mapping[str, float]] = {}
        for sha256 in missing:
            if sha256 in self._fresh:
                new[sha256] = self._fresh[sha256]
                continue
            try:
                frame = self.media.decode_still(self.blobs.find(sha256)).frame
            except (CorruptOutput, NotFound, Unreadable) as error:
                log.info("%s tells nothing of its style: %s", sha256, error)
                continue
            new[sha256] = style.measure(frame)
        self.memory.save_styles(tuple(new.items()), recipe=RECIPE)
        measured = {**kept, **new}
        return style.style_of([measured[sha256] for sha256 in files if sha256 in measured])
