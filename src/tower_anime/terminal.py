"""What people and scripts see in a terminal: tables for the one, JSON Lines for the other."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import Group
from rich.live import Live as LiveDisplay
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tower_anime.compose import App
from tower_anime.doctor import Finding
from tower_anime.domain.attempt import Attempt, AttemptKind, AttemptState
from tower_anime.domain.brief import Brief
from tower_anime.domain.correction import Correction
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.generation import (
    Direction,
    Generation,
    GenerationStatus,
    History,
    Publication,
    PublicationState,
    batch_ids,
)
from tower_anime.domain.progress import LiveAttempt
from tower_anime.domain.quality import Assessment, Verdict
from tower_anime.domain.request import Kind
from tower_anime.domain.views import generation_view
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import Cancelled, StoreUnavailable
from tower_anime.terminal_marks import STYLES, console, json_lines, score_text, styled

DASHBOARD = "http://127.0.0.1:44451/ui/"
REFRESH_S = 0.15
CANCEL_LIMIT_S = 10.0
WAIT_S = 1.0
DATABASE_PATIENCE_S = 120.0  # a server restarts in seconds; work goes on by itself after it

# ---- generate -------------------------------------------------------------------------------


def generate(app: App, briefs: Sequence[Brief], *, as_json: bool) -> int:
    """Work on the briefs to their end, show them, and return the exit status."""
    if app.simulated:
        click.echo(
            "No ComfyUI server is configured: the built-in sandbox draws these pictures. "
            "It is no diffusion model. (--comfy URL or TOWER_COMFY_URLS names a server.)",
            err=True,
        )
    batches = batch_ids(briefs)
    ids: list[str] = []
    try:
        with ctrl_c() as asked:
            for brief, batch_id in zip(briefs, batches, strict=True):
                ids.append(app.create(brief, batch_id=batch_id).id)
                asked.check()
            _watch(app, ids, asked, live=not as_json and sys.stdout.isatty())
    except KeyboardInterrupt:
        raise _cancelled(app, ids) from None
    histories = [app.store.history(generation_id) for generation_id in ids]
    if as_json:
        json_lines(generation_view(history) for history in histories)
    else:
        console().print(Group(*(_story(history) for history in histories)))
    return 0 if all(_fine(history) for history in histories) else 1


class _Asked:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.to_stop = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        self.to_stop = True
        signal.default_int_handler(number, frame)

    def check(self) -> None:
        """Raise what the signal raised, if that was lost."""
        if self.to_stop:
            raise KeyboardInterrupt


@contextmanager
def ctrl_c() -> Iterator[_Asked]:
    """Note Ctrl-C besides raising it: an exception that strikes a finalizer is ignored."""
    asked = _Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, asked.note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _watch(app: App, ids: Sequence[str], asked: _Asked, *, live: bool) -> None:
    if not live:
        _wait_for_all(app, ids, pause_s=WAIT_S, between=asked.check)
        return
    out = console()
    with LiveDisplay(console=out, refresh_per_second=8, transient=True) as display:

        def draw() -> None:
            asked.check()
            display.update(_board(app, ids, rows=max(3, out.height - 6)))

        _wait_for_all(app, ids, pause_s=REFRESH_S, between=draw)


def _wait_for_all(
    app: App, ids: Sequence[str], *, pause_s: float, between: Callable[[], None]
) -> None:
    """Wait for the end of each generation, also through a restart of the database."""
    answered_s = time.monotonic()
    left = list(ids)
    while left:
        try:
            if app.engine.wait(left[0], timeout_s=pause_s):
                left.pop(0)
            between()
            answered_s = time.monotonic()
        except StoreUnavailable:
            if time.monotonic() - answered_s > DATABASE_PATIENCE_S:
                raise
            time.sleep(REFRESH_S)


def _cancelled(app: App, ids: Sequence[str]) -> Cancelled:
    """Cancel what still runs and say how it ended."""
    for generation_id in ids:
        app.store.request_cancel(generation_id)
    deadline_s = time.monotonic() + CANCEL_LIMIT_S
    for generation_id in ids:
        app.engine.wait(generation_id, timeout_s=max(0.0, deadline_s - time.monotonic()))
    statuses = [app.store.history(generation_id).generation.status for generation_id in ids]
    left = sum(not status.over for status in statuses)
    stopped = sum(status is GenerationStatus.CANCELLED for status in statuses)
    rest = f"; {left} will be cancelled at the next start" if left else ""
    return Cancelled(f"interrupted: {stopped} of {len(ids)} cancelled{rest}")


def _fine(history: History) -> bool:
    if history.generation.status is not GenerationStatus.APPROVED:
        return False
    published = history.publication
    return not history.generation.brief.publish or (
        published is not None and published.state is not PublicationState.PENDING
    )


def _board(app: App, ids: Sequence[str], *, rows: int) -> Table:
    """Return the live table: the unfinished first, at most `rows` of them."""
    histories = [app.store.history(generation_id) for generation_id in ids]
    done = sum(history.generation.status.over for history in histories)
    table = Table(
        box=None, pad_edge=False, title=f"{done} of {len(ids)} done", title_justify="left"
    )
    for heading in ("prompt", "attempt", "state", "progress", "score"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for history in sorted(histories, key=lambda item: item.generation.status.over)[:rows]:
        table.add_row(*_board_row(history, app.live.of(history.generation.id)))
    return table


def _board_row(
    history: History, running: LiveAttempt | None
) -> tuple[str, str, Text, ProgressBar | str, str]:
    generation = history.generation
    state = generation.status.value
    bar: ProgressBar | str = ""
    if running and not generation.status.over:
        progress = running.progress
        state = progress.phase
        if progress.queue_position:
            state = f"queued behind {progress.queue_position}"
        if progress.steps:
            bar = ProgressBar(total=progress.steps, completed=progress.step, width=24)
    number = f"{len(history.attempts)}/{generation.brief.max_attempts}"
    return generation.brief.prompt, number, styled(state), bar, _scores(history)


def _scores(history: History) -> str:
    return " → ".join(score_text(attempt.assessment) for attempt in history.attempts)


def _story(history: History) -> Group:
    """Return what became of one generation, in lines a person reads top down."""
    generation = history.generation
    simulated = " · drawn by the sandbox" if generation.backend == "sandbox" else ""
    title = Text.assemble(
        (generation.status.value, f"bold {STYLES.get(generation.status.value, '')}"),
        "  ",
        (generation.brief.prompt, "bold"),
        (f"  {generation.id}{simulated}", "dim"),
    )
    lines = [title, *_enhancement_lines(history.enhancement)]
    lines += [_attempt_line(attempt) for attempt in history.attempts]
    lines += _direction_lines(history.direction)
    if generation.reason:
        lines.append(Text(f"  {generation.reason}"))
    lines += _file_lines(history)
    return Group(*lines, "")


def _enhancement_lines(enhancement: Enhancement | None) -> list[Text]:
    """Return what was added to the prompts, a line for each with its reason."""
    if enhancement is None:
        return []
    lines = [
        Text.assemble(
            ("  − " if item.negative else "  + ", "cyan"),
            (item.words, "cyan"),
            (f"  ({item.section}: {item.reason})", "dim"),
        )
        for item in enhancement.additions
        if item.reason != "what model cards recommend"
    ]
    if enhancement.notes:
        lines.append(Text(f"  {enhancement.notes}", style="yellow"))
    return lines


def _direction_lines(direction: Direction | None) -> list[Text]:
    """Return what a model said; the rules say nothing worth a line unless something failed."""
    if direction is None or direction.source == "none":
        return []
    scores = ", ".join(f"{name} {value}" for name, value in direction.scores.items())
    said = "; ".join(filter(None, (", ".join(direction.issues), scores, direction.notes)))
    return [Text(f"  {direction.source}: {direction.decision}  {said}", style="dim")]


def _attempt_line(attempt: Attempt) -> Text:
    line = Text(f"  attempt {attempt.number}  ")
    for correction in attempt.corrections:
        line.append(f"{_change(correction)}\n             ", style="cyan")
    line.append(_facts(attempt), style="dim")
    if attempt.failure:
        line.append(f"\n             {attempt.state}: {attempt.failure.message}", style="red")
    elif attempt.state is not AttemptState.PRODUCED:
        line.append(f"\n             {attempt.state}", style="yellow")
    if attempt.assessment:
        line.append("\n             ").append_text(_judgement(attempt.assessment))
    return line


def _facts(attempt: Attempt) -> str:
    if attempt.kind is AttemptKind.REPAIR:
        still = attempt.request.kind is Kind.STILL
        how = "in its project's colours" if still else "written so that it plays everywhere"
        return f"the file of attempt {attempt.repair_of}, {how}"
    request = attempt.request
    facts = f"steps {request.steps}, cfg {request.cfg:g}, {request.sampler}, "
    judged = attempt.assessment
    sized = judged if judged and judged.width else request
    facts += f"{sized.width}×{sized.height}, "
    if request.kind is Kind.CLIP and request.frames:
        rate = f" at {request.frame_rate:g}/s" if request.frame_rate else ""
        facts += f"{request.frames} frames{rate}, "
    return f"{facts}seed {request.seed}"


def _change(correction: Correction) -> str:
    parts = [
        f"{key} {_short(old)} → {_short(new)}" for key, (old, new) in correction.change.items()
    ]
    return f"{', '.join(parts)}  ({correction.defect}: {correction.reason})"


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"…{text[-39:]}"


def _judgement(assessment: Assessment) -> Text:
    line = Text.assemble(f"score {score_text(assessment)} ", styled(assessment.verdict.value))
    if assessment.error:
        return line.append(f": {assessment.error.message}")
    worst = sorted(assessment.defects, key=lambda defect: -defect.loss)[:3]
    shown = worst if assessment.verdict is not Verdict.PASS else worst[:1]
    for defect in shown:
        line.append(f"\n             {defect.kind} {defect.severity:.2f}: {defect.message}")
    return line


def _file_lines(history: History) -> list[Text]:
    lines = []
    if history.publication:
        lines.append(_publication_line(history.publication))
    elif history.generation.chosen_attempt:
        artifact = history.attempt(history.generation.chosen_attempt).artifact
        if artifact:
            lines.append(Text(f"  best file   {artifact.path}"))
    return lines


def _publication_line(publication: Publication) -> Text:
    if publication.state is PublicationState.PENDING:
        return Text(f"  not published yet: {publication.reason}", style="yellow")
    if publication.state is PublicationState.KEPT:
        return Text(f"  {publication.reason}", style="dim")
    if publication.state is PublicationState.WITHDRAWN:
        return Text(f"  not in the library: {publication.reason}", style="yellow")
    if publication.state is PublicationState.UNVERIFIED:
        where = f"  written to  {publication.location}\n  not confirmed yet: {publication.reason}"
        return Text(where, style="yellow")
    return Text(f"  published   {publication.location}")


def queued(generations: Sequence[Generation], *, as_json: bool) -> None:
    """Show what was left for the server."""
    if as_json:
        json_lines(generation_view(History(generation=item)) for item in generations)
        return
    for item in generations:
        click.echo(f"queued  {item.id}  {item.brief.prompt}")
    click.echo("`tower-anime serve` works on them.", err=True)


# ---- demo -----------------------------------------------------------------------------------

_DEMO: tuple[dict[str, object], ...] = (
    {"prompt": "1girl, silver hair, rainy neon street, umbrella, night", "set": {"steps": 6}},
    {"prompt": "1girl, red hair, flower field, sunset", "set": {"cfg": 24}},
    {"prompt": "1boy, black hair, school rooftop, blue sky, clouds"},
)


def demo(app: App, *, as_json: bool) -> int:
    """Generate a few pictures that need correction, and sum up what happened."""
    seeded = [{**wish, "project": "Demo", "seed": 20 + i} for i, wish in enumerate(_DEMO)]
    briefs = [brief for wish in seeded for brief in briefs_of(wish)]
    status = generate(app, briefs, as_json=as_json)
    if as_json:
        return status
    histories = app.store.histories(limit=len(briefs), project="Demo").items
    approved = [item for item in histories if item.generation.status is GenerationStatus.APPROVED]
    corrected = [item for item in histories if len(item.attempts) > 1]
    published = [item for item in histories if _is_published(item.publication)]
    out = console()
    out.print(
        f"[bold]{len(approved)} of {len(briefs)} approved, {len(corrected)} after a correction, "
        f"{len(published)} published.[/bold]"
    )
    out.print(f"Library    {app.settings.library_folder}")
    out.print(f"Dashboard  run `make serve` (or `tower-anime serve`), then open {DASHBOARD}")
    out.print("Next       tower-anime generate '1girl, shrine, autumn' --comfy http://HOST:8188")
    return status if published else 1


def _is_published(publication: Publication | None) -> bool:
    return publication is not None and publication.state is PublicationState.VERIFIED


# ---- list, show, doctor ---------------------------------------------------------------------


def overview(found: Sequence[History], *, as_json: bool) -> None:
    """Show one line for each generation."""
    if as_json:
        json_lines(generation_view(history) for history in found)
        return
    if not found:
        click.echo("Nothing was generated yet. Try: tower-anime generate '1girl, umbrella, rain'")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("id", no_wrap=True, min_width=36)
    table.add_column("status", no_wrap=True, min_width=12)
    table.add_column("score", no_wrap=True, min_width=5)
    table.add_column("tries", no_wrap=True, justify="right", min_width=5)
    table.add_column("prompt", overflow="ellipsis", no_wrap=True, ratio=1)
    for history in found:
        generation = history.generation
        table.add_row(
            generation.id,
            styled(generation.status.value),
            score_text(_final_assessment(history)),
            str(len(history.attempts)),
            generation.brief.prompt,
        )
    console().print(table)


def _final_assessment(history: History) -> Assessment | None:
    """Return the judgement of the attempt that stands for the generation."""
    chosen = history.generation.chosen_attempt or len(history.attempts)
    return history.attempt(chosen).assessment if chosen else None


def details(history: History, *, as_json: bool) -> None:
    """Show one generation."""
    if as_json:
        json_lines([generation_view(history)])
        return
    console().print(_story(history))


def findings(found: Sequence[Finding], *, as_json: bool) -> int:
    """Show what doctor found; 1 when there is a problem."""
    if as_json:
        json_lines(
            {"name": item.name, "state": item.state, "text": item.text, "fix": item.fix}
            for item in found
        )
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        for item in found:
            fix = Text(f"\n→ {item.fix}", style="cyan") if item.fix else Text("")
            table.add_row(styled(item.state), item.name, Text(item.text).append_text(fix))
        console().print(table)
    return 1 if any(item.state == "problem" for item in found) else 0
