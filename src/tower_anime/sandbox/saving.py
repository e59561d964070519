"""Writes what output nodes save, under the names that the history gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.folders import Outside
from tower_anime.sandbox.values import NodeFailure, Run


def saved(
    run: Run,
    data: bytes,
    *,
    kind: str,
    prefix: str,
    of: Frame,
    number: int = 0,
    suffix: str = ".png",
) -> dict[str, Any]:
    """Write a file `<prefix>_<number>_<suffix>` and return it as the history names it.

    `of` is a picture of the size that the prefix may name, `number` the position in a batch.
    """
    folder, name, count = run.folders.place(kind, prefix, of=of, batch=number)
    filename = f"{name}_{count:05}_{suffix}"
    whole = len(data) * 3 // 5 if run.strikes("truncate") else len(data)
    (folder / filename).write_bytes(data[:whole])
    base = run.folders.of(kind)
    assert base is not None
    subfolder = "" if folder == base else folder.relative_to(base).as_posix()
    return {"filename": filename, "subfolder": subfolder, "type": kind}


@contextmanager
def saving(run: Run, kind: str) -> Iterator[None]:
    """Report a prefix that leads out of the folder as ComfyUI does."""
    try:
        yield
    except Outside as outside:
        raise NodeFailure(
            "Exception",
            "**** ERROR: Saving image outside the output folder is not allowed.\n"
            f" full_output_folder: {outside.folder}\n"
            f"         output_dir: {run.folders.of(kind)}\n",
        ) from outside
