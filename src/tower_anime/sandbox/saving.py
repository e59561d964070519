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
    if not run.strikes("no_file"):
        (folder / filename).write_bytes(_as_it_arrives(run, data))
    base = run.folders.of(kind)
    assert base is not None
    subfolder = "" if folder == base else folder.relative_to(base).as_posix()
    return {"filename": filename, "subfolder": subfolder, "type": kind}


def _as_it_arrives(run: Run, data: bytes) -> bytes:
    """Return what a bad disk leaves of a file."""
    if run.strikes("truncate"):
        return data[: len(data) * 3 // 5]
    if run.strikes("damage"):
        middle = len(data) // 2
        return (
            data[:middle]
            + bytes(byte ^ 0x5A for byte in data[middle : middle + 64])
            + data[middle + 64 :]
        )
    return data


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
