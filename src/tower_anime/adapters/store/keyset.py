"""Pages by position: a cursor names the last row that was shown, not how many there were."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table, literal, tuple_

from tower_anime.adapters.store.tables import UtcTime
from tower_anime.errors import BadInput

MAX_PAGE = 1000  # keeps one answer in memory and below SQLite's limit of bound values

_Query = TypeVar("_Query", bound=Select[Any])


@dataclass(frozen=True)
class Keyset:
    """The order of a list by columns that together are unique; the last one should be the key."""

    table: Table
    columns: tuple[str, ...]
    newest_first: bool = False

    def page(self, query: _Query, *, limit: int, cursor: str | None) -> _Query:
        """Return the query for the rows after `cursor`, one more than `limit` of them."""
        if not 1 <= limit <= MAX_PAGE:
            raise BadInput(f"a page has 1 to {MAX_PAGE} items, not {limit}")
        columns = [self.table.c[name] for name in self.columns]
        if cursor is not None:
            position = tuple_(*self._values(cursor))
            here = tuple_(*columns)
            query = query.where(here < position if self.newest_first else here > position)
        return query.order_by(*self.order()).limit(limit + 1)

    def order(self) -> list[ColumnElement[Any]]:
        """Return what to sort by."""
        columns = [self.table.c[name] for name in self.columns]
        return [column.desc() if self.newest_first else column.asc() for column in columns]

    def cut(
        self, found: Sequence[Row[Any]], *, limit: int
    ) -> tuple[Sequence[Row[Any]], str | None]:
        """Return the rows to show and the cursor of the next page, None at the end."""
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        values = [_plain(getattr(last, name)) for name in self.columns]
        return found[:limit], base64.urlsafe_b64encode(json.dumps(values).encode()).decode()

    def _values(self, cursor: str) -> list[Any]:
        columns = [self.table.c[name] for name in self.columns]
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            if not isinstance(values, list):
                raise TypeError("not a list")
            typed = zip(columns, values, strict=True)
            return [literal(_typed(column.type, value), column.type) for column, value in typed]
        except (binascii.Error, ValueError, TypeError, OverflowError) as error:
            raise BadInput(
                "this cursor is none of ours; take `next_cursor` of the last page"
            ) from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(kind: Any, value: Any) -> Any:
    if isinstance(kind, UtcTime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    wanted = kind.python_type
    if wanted is int and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError("no whole number")
    if wanted is int and abs(value) >= 2**63:
        raise OverflowError("too large")
    if wanted is str and not isinstance(value, str):
        raise TypeError("no text")
    return value
