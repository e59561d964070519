"""What `watch` shows: a line or an object for each file, as it comes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable

import click
from rich.console import Console
from rich.text import Text

from tower_anime.domain.produced import Produced
from tower_anime.domain.quality import Assessment, Verdict
from tower_anime.domain.views import View, assessment_view
from tower_anime.terminal_assess import assessment_lines


def watched(found: Iterable[tuple[Produced, Assessment]], *, as_json: bool) -> int:
    """Show assessments as they come, also until interrupted; returns the exit status."""
    verdicts: Counter[Verdict] = Counter()
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    try:
        for file, assessment in found:
            verdicts[assessment.verdict] += 1
            if as_json:
                click.echo(json.dumps(watched_view(file, assessment), ensure_ascii=False))
                continue
            for line in assessment_lines(file.name, assessment):
                console.print(line)
            if file.prompt_id:
                console.print(Text(f"{'':19}job {file.prompt_id}", style="dim"))
    except KeyboardInterrupt:  # the usual end
        pass
    counted = ", ".join(f"{number} {verdict.value}" for verdict, number in verdicts.items())
    click.echo(f"seen: {counted or 'nothing'}", err=True)
    if Verdict.UNMEASURED in verdicts:
        return 2
    return 1 if Verdict.REJECT in verdicts else 0


def watched_view(file: Produced, assessment: Assessment) -> View:
    """Return the object of `assess`, with the server and its job where there is one."""
    source = {"server": file.server, "prompt_id": file.prompt_id} if file.server else {}
    return {**assessment_view(assessment, path=file.name), **source}
