"""Something wrong that a person should know of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

RAISED, RESOLVED = "alert_raised", "alert_resolved"
"""Kinds of the events that tell of an alert, each once."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What is wrong with `subject` (a server, a project): one is open for each kind and subject.

    `severity` is warning or critical; `state` the figures behind it.
    """

    kind: str
    subject: str
    message: str
    severity: str = "warning"
    state: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AlertRecord:
    """An alert as it is kept: open until `resolved_at`."""

    id: str
    alert: Alert
    raised_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
