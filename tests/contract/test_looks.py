"""Which pictures look alike, told across the whole history and in each database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tests.contract.test_store import sqlite_url, store, template, url
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.brief import make_brief
from tower_anime.domain.card import Choice, Look, Order
from tower_anime.domain.generation import Event, GenerationStatus, prompt_id_of
from tower_anime.errors import Unreadable
from tower_anime.looks import ALIKE_BITS, BITS, LookKeeper

__all__ = ["sqlite_url", "store", "template", "url"]


def put(store: SqlStore, number: int, *, looks: int, project: str = "One") -> None:
    """Store a generation whose file's SHA-256 ends in `looks`, the bits that it looks like."""
    made = samples.generation(
        id=f"id-{number}",
        brief=make_brief(prompt=f"picture {number}", project=project),
        created_at=samples.NOW + timedelta(days=number),
    )
    store.add_generation(made)
    file = replace(samples.artifact(number), sha256=f"{number:032x}{looks:032x}")
    store.save_attempt(
        samples.attempt(generation_id=made.id, prompt_id=prompt_id_of(made.id, 1), artifact=file)
    )
    ended = replace(made, status=GenerationStatus.APPROVED, chosen_attempt=1)
    store.save_generation(ended, event=Event(kind="concluded", generation_id=made.id, data={}))


def bits_of(sha256: str) -> int:
    return int(sha256[32:], 16)


def test_groups_reach_across_the_history_and_keep_to_what_is_chosen(store: SqlStore) -> None:
    near, far = (1 << ALIKE_BITS) - 1, (1 << 60) - 1
    for number, looks in enumerate((0, far, near, 0, far)):
        put(store, number, looks=looks, project="Two" if number == 3 else "One")
    keeper = LookKeeper(store, bits_of)
    assert keeper.refresh() == 5
    assert keeper.refresh() == 0
    leaders = store.leaders_of([f"id-{number}" for number in range(5)])
    first = f"{0:032x}{0:032x}"
    assert {one for one, leader in leaders.items() if leader == first} == {"id-0", "id-2", "id-3"}
    found = store.alike(Choice(), set(leaders.values()), most=2)
    assert (found[first].generation_ids, found[first].number) == (("id-3", "id-2"), 3)
    own = store.alike(Choice(project="One"), {first}, order=Order.OLDEST, most=9)
    assert own[first].generation_ids == ("id-0", "id-2")
    cards, _ = store.cards(Choice(like=f"{3:032x}{0:032x}"))
    assert [card.generation_id for card in cards] == ["id-3", "id-2", "id-0"]
    assert store.count_cards(Choice(like="not looked at")) == 0


def test_what_another_process_saw_first_is_first_here(store: SqlStore) -> None:
    put(store, 1, looks=1)
    here, there = LookKeeper(store, bits_of), LookKeeper(store, bits_of)
    here.refresh()
    put(store, 2, looks=3)
    there.refresh()
    put(store, 3, looks=7)
    here.look_at(store.not_looked_at(["id-3"]))
    assert len(set(store.leaders_of(["id-1", "id-2", "id-3"]).values())) == 1


def test_a_file_that_is_gone_is_passed_over(store: SqlStore) -> None:
    def gone(_sha256: str) -> int:
        raise Unreadable("no picture")

    put(store, 1, looks=1)
    assert LookKeeper(store, gone).refresh() == 1
    assert store.leaders_of(["id-1"]) == {}


class Memory:
    """The store's looks, in memory."""

    def __init__(self) -> None:
        self.kept: list[Look] = []

    def add_looks(self, found: Sequence[Look]) -> None:
        self.kept += found

    def first_looks(self) -> tuple[Look, ...]:
        return tuple(one for one in self.kept if one.leader == one.sha256)

    def number_of_first_looks(self) -> int:
        return len(self.first_looks())


@given(st.lists(st.integers(0, 2**BITS - 1) | st.integers(0, 2**24), max_size=25))
def test_each_picture_is_near_its_first_and_firsts_are_far_apart(prints: list[int]) -> None:
    memory = Memory()
    keeper = LookKeeper(memory, prints.__getitem__)  # type: ignore[arg-type]
    for number in range(len(prints)):
        keeper.look_at((number,))  # type: ignore[arg-type]
    bits = {one.sha256: int(one.bits, 16) for one in memory.kept}
    assert list(bits.values()) == prints
    assert all((bits[o.sha256] ^ bits[o.leader]).bit_count() <= ALIKE_BITS for o in memory.kept)
    firsts = [bits[one.sha256] for one in memory.first_looks()]
    assert all((a ^ b).bit_count() > ALIKE_BITS for a in firsts for b in firsts if a is not b)
