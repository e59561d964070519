"""Measurements of synthetic pictures stay what they were, unless somebody means to change them."""

from __future__ import annotations

import json

import pytest

from tests import goldens

SAID = json.loads(goldens.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def taken() -> dict[str, goldens.Golden]:
    return goldens.taken()


@pytest.mark.parametrize("name", SAID)
def test_a_picture_measures_what_it_did(name: str, taken: dict[str, goldens.Golden]) -> None:
    """Within what processors differ by; `make goldens` after a change that is meant."""
    expected, found = SAID[name], taken[name]
    assert found.keys() == expected.keys()
    off = {
        key: (value, found[key])
        for key, value in expected.items()
        if found[key] != (pytest.approx(value, rel=0.02, abs=0.01) if _is_number(value) else value)
    }
    assert not off


def _is_number(value: object) -> bool:
    return isinstance(value, float | int)
