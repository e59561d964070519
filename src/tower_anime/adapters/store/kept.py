"""Every assessment that was kept, as JSON, for those who judge anew."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Text, cast, func, select

from tower_anime.adapters.store.tables import artifacts, quality_assessments

_ROWS_AT_ONCE = 1000


class SqlKept(ABC):
    """The part of the store that reads all assessments."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def kept_assessments(self) -> Iterator[bytes]:
        """Yield every measured assessment as the JSON object of `assess`, oldest first.

        JSON columns are passed on as they are: nothing is parsed here.
        """
        kept = quality_assessments.c
        query = (
            select(
                func.coalesce(artifacts.c.path, kept.file_path).label("path"),
                kept.kind,
                kept.width,
                kept.height,
                kept.score,
                kept.verdict,
                kept.threshold,
                kept.profile,
                kept.assessor,
                kept.seconds,
                *(
                    cast(kept[name], Text).label(name)
                    for name in ("defects", "measurements", "relaxed", "asked")
                ),
            )
            .outerjoin(artifacts, artifacts.c.sha256 == kept.artifact_sha256)
            .where(kept.score.is_not(None))
            .order_by(kept.created_at, kept.id)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        with self._read() as connection:
            for row in connection.execute(query):
                plain = json.dumps(dict(zip(_PLAIN, row[: len(_PLAIN)], strict=True)))
                asked = row.asked or "null"
                yield (
                    f'{plain[:-1]}, "defects": {row.defects}, "measurements": {row.measurements}, '
                    f'"relaxed": {row.relaxed}, "asked": {asked}}}'
                ).encode()


_PLAIN = (
    "path",
    "kind",
    "width",
    "height",
    "score",
    "verdict",
    "threshold",
    "profile",
    "assessor",
    "seconds",
)
