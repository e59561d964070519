"""Many generations on a server that misbehaves in every way at once."""

from __future__ import annotations

import pytest

from tests.bench.client_faults import measure


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_or_mixed_up() -> None:
    outcome = measure(120, seed=7)
    assert outcome.is_clean, outcome
    assert sum(outcome.statuses.values()) == 120
    assert outcome.statuses["approved"] > 100
    assert len(outcome.failures) >= 2, outcome  # the faults did strike
