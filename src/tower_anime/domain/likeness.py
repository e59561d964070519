"""Which pictures look alike, told by small fingerprints."""

from __future__ import annotations

from collections.abc import Sequence

BITS = 128
ALIKE_BITS = 18
"""Bits by which near-duplicates differ at most. On pictures of the sandbox: encoded again 0 to 5,
drawn again with more steps 8 to 13, other seeds and prompts 42 and more."""


def groups(prints: Sequence[int | None], *, within_bits: int = ALIKE_BITS) -> list[list[int]]:
    """Return the positions that belong together, each position once, in the order of their first.

    A picture joins the first group whose first picture it is alike: groups do not grow into each
    other by small steps. None is alike nothing.
    """
    found: list[list[int]] = []
    leaders: list[int | None] = []
    for position, print_ in enumerate(prints):
        for group, leader in zip(found, leaders, strict=True):
            if print_ is None or leader is None:
                continue
            if (print_ ^ leader).bit_count() <= within_bits:
                group.append(position)
                break
        else:
            found.append([position])
            leaders.append(print_)
    return found
