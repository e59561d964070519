"""One HTML file that shows assessments: it needs no server and no other file."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import IO

from tower_anime.domain.views import View, assessment_view
from tower_anime.errors import StorageFull
from tower_anime.inspection import Look

_EMPTY = '{"files":[]}'
_BEGIN, _END = '{"files":[\n', "\n]}"


def write_report(target: Path, looks: Iterable[Look]) -> Iterator[Look]:
    """Yield the looks on while they are written to `target`, which is there when all are.

    Pictures are written as they come: memory does not grow with their number.

    Raises:
        StorageFull: it can't be written.
    """
    before, _, after = _template().partition(_EMPTY)
    written = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with written.open("w", encoding="utf-8") as file:
            file.write(before + _BEGIN)
            yield from _writing(file, looks)
            file.write(_END + after)
        written.replace(target)
    except OSError as error:
        raise StorageFull(f"{target} can't be written: {error.strerror}") from error
    finally:
        written.unlink(missing_ok=True)


def _writing(file: IO[str], looks: Iterable[Look]) -> Iterator[Look]:
    for number, look in enumerate(looks):
        if number:
            file.write(",\n")
        file.write(_embedded(report_view(look)))
        yield look


def report_view(look: Look) -> View:
    """Return the object of `assess` with its pictures in base64."""
    view = assessment_view(look.assessment, path=str(look.path))
    view["preview"] = _text(look.preview) if look.preview else None
    view["heat_maps"] = {kind: _text(data) for kind, data in look.heat_maps.items()}
    return view


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _embedded(view: View) -> str:
    """Return JSON that can't end the element in which it stands."""
    return json.dumps(view, ensure_ascii=False).replace("<", "\\u003c")


def _template() -> str:
    return resources.files("tower_anime").joinpath("report.html").read_text(encoding="utf-8")
