from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests import drawn
from tower_anime.assess.heat import box, heat, located
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Defect, Region

SIZE = 512
HALF = SIZE // 2

SPOILERS: dict[str, Callable[[Frame], Frame]] = {
    "blur": lambda frame: drawn.blurred(frame, 4),
    "noise": lambda frame: drawn.noisy(frame, 25),
    "undersampled": lambda frame: drawn.blotched(frame, 30),
    "underexposed": lambda frame: drawn.darkened(frame, 0.08),
    "oversaturated": lambda frame: drawn.burnt(frame, 4),
    "overexposed": lambda frame: drawn.brightened(frame, 4),
}


def defect(kind: str) -> Defect:
    return Defect(kind=kind, severity=0.5, message="", measurement="spread")


@pytest.mark.parametrize("kind", SPOILERS)
def test_the_map_is_hot_where_the_picture_was_spoiled(kind: str) -> None:
    frame = drawn.drawn("painted", seed=6, size=SIZE)
    frame[:, :HALF] = SPOILERS[kind](frame)[:, :HALF]
    cells = heat(frame, kind)
    assert cells is not None
    assert cells.shape == (SIZE // 8, SIZE // 8)
    assert cells.dtype == np.uint8
    left, right = cells[:, : HALF // 8].mean(), cells[:, HALF // 8 :].mean()
    assert left > 1.5 * right


def test_torn_lines_are_hot_in_their_rows() -> None:
    frame = drawn.drawn("painted", seed=6, size=SIZE)
    frame[200:216] = np.roll(frame[200:216], 100, 1)
    cells = heat(frame, "corrupt")
    assert cells is not None
    assert int(cells.mean(axis=1).argmax()) in {24, 25, 26, 27}


def test_the_box_of_a_defect_is_where_it_is() -> None:
    frame = drawn.drawn("cel", seed=6, size=SIZE)
    frame[256:448, 64:256] = drawn.noisy(frame, 40)[256:448, 64:256]
    (found,) = located(frame, (defect("noise"),))
    assert isinstance(found.where, Region)
    assert found.where.x == pytest.approx(64, abs=24)
    assert found.where.y == pytest.approx(256, abs=24)
    assert found.where.width == pytest.approx(192, abs=40)


def test_what_has_no_place_or_is_everywhere_gets_no_box() -> None:
    frame = drawn.drawn("cel", seed=6, size=SIZE)
    assert heat(frame, "blank") is None
    assert heat(frame[:32, :32].copy(), "noise") is None
    assert box(np.full((64, 64), 255, np.uint8)) is None
    given = (defect("blank"), defect("tiling"))
    assert located(frame, given) == given
