"""One card for two."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from tower_anime.pipeline.card import OwnCards, SharedCard


class Freed:
    """What was freed, in order."""

    def __init__(self, *, works: bool = True) -> None:
        self.log: list[str] = []
        self.works = works

    def of(self, name: str) -> Callable[[], bool]:
        def free() -> bool:
            self.log.append(name)
            return self.works

        return free

    def card(self) -> SharedCard:
        return SharedCard(free_renderer=self.of("renderer"), free_director=self.of("director"))


def test_each_change_of_hands_frees_the_other() -> None:
    freed = Freed()
    card = freed.card()
    for turn in (card.rendering, card.rendering, card.directing, card.directing, card.rendering):
        with turn():
            pass
    assert freed.log == ["director", "renderer", "director"]


def test_what_cannot_be_freed_is_logged_and_the_work_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), Freed(works=False).card().directing():
        pass
    assert "could not be freed before directing" in caplog.text


def test_the_two_kinds_never_overlap_and_reviews_come_in_batches() -> None:
    freed = Freed()
    card = freed.card()
    inside = {"rendering": 0, "directing": 0}
    overlaps: list[dict[str, int]] = []
    lock = threading.Lock()

    def work(kind: str) -> None:
        turn = card.rendering if kind == "rendering" else card.directing
        with turn():
            with lock:
                inside[kind] += 1
                if inside["rendering"] and inside["directing"]:
                    overlaps.append(dict(inside))
            time.sleep(0.002)
            with lock:
                inside[kind] -= 1

    def item() -> None:
        for _ in range(5):
            work("rendering")
            work("directing")

    threads = [threading.Thread(target=item) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert overlaps == []
    assert len(freed.log) < 40  # one by one, each of the 40 pieces of work would change hands


def test_a_failure_gives_the_card_back() -> None:
    card = Freed().card()
    with pytest.raises(ZeroDivisionError), card.rendering():
        raise ZeroDivisionError
    with card.directing():
        pass


def test_nobody_waits_for_an_own_card() -> None:
    card = OwnCards()
    with card.rendering(), card.directing():
        pass
