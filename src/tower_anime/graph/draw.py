"""A workflow drawn simply: as a tree of text for a terminal, as SVG for a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tower_anime.domain.graph import Graph
from tower_anime.graph.links import links, upstream
from tower_anime.graph.own import Template

_BOX_PX = (210, 46)
_GAP_PX = (60, 18)
_MARGIN_PX = 16
_LABEL_CHARS = 28  # what fits a box in the font below; chosen by eye


def tree(template: Template) -> tuple[str, ...]:
    """Return lines: each output, and under every node what its inputs come from.

    A node that several read stands where it is met first; later it is only named. Behind a node
    stand the parameters it holds.
    """
    graph, held = template.graph, _parameters(template)
    lines: list[str] = []
    drawn: set[str] = set()

    def draw(node: str, first: str, indent: str) -> None:
        again = node in drawn
        drawn.add(node)
        names = "" if again or node not in held else f"  [{', '.join(held[node])}]"
        lines.append(f"{first}{_title(graph, node)}{names}{' (above)' if again else ''}")
        below = [] if again else list(links(graph, node))
        for position, (name, source, _) in enumerate(below):
            is_last = position == len(below) - 1
            branch, onward = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            draw(source, f"{indent}{branch}{name}: ", indent + onward)

    for output in template.roles.outputs:
        draw(output, "", "")
    return tuple(lines)


def svg(template: Template) -> str:
    """Return an SVG picture: inputs left, outputs right, a box for each node that is run."""
    graph, held = template.graph, _parameters(template)
    found = columns(graph, upstream(graph, template.roles.outputs))
    at = {
        node: (
            _MARGIN_PX + column * (_BOX_PX[0] + _GAP_PX[0]),
            _MARGIN_PX + row * (_BOX_PX[1] + _GAP_PX[1]),
        )
        for column, nodes in enumerate(found)
        for row, node in enumerate(nodes)
    }
    rows = max(map(len, found), default=0)
    width = 2 * _MARGIN_PX + len(found) * (_BOX_PX[0] + _GAP_PX[0])
    height = 2 * _MARGIN_PX + rows * (_BOX_PX[1] + _GAP_PX[1])
    parts = [
        _line(at[source], at[node], name) for node in at for name, source, _ in links(graph, node)
    ]
    parts += [_box(graph, node, place, held.get(node, ())) for node, place in at.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="12">'
        f"<title>Workflow of {len(at)} nodes</title>{''.join(parts)}</svg>"
    )


def _parameters(template: Template) -> Mapping[str, tuple[str, ...]]:
    """Return which parameters each node holds."""
    held: dict[str, list[str]] = {}
    for name, slots in template.roles.bound.items():
        for node in dict.fromkeys(slot.node for slot in slots):
            held.setdefault(node, []).append(name)
    return {node: tuple(names) for node, names in held.items()}


def _title(graph: Graph, node: str) -> str:
    return f"{graph[node]['class_type']} #{node}"


def columns(graph: Graph, nodes: tuple[str, ...]) -> list[list[str]]:
    """Return nodes (outputs first) by column: one to the right of everything that it reads."""
    depth: dict[str, int] = dict.fromkeys(nodes, 0)
    for _ in nodes:  # a ring of links ends after as many rounds as there are nodes
        changed = False
        for node in nodes:
            wanted = max((depth[s] + 1 for _, s, _ in links(graph, node)), default=0)
            if depth[node] < wanted < len(nodes):
                depth[node], changed = wanted, True
        if not changed:
            break
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in reversed(nodes):
        found[depth[node]].append(node)
    return [column for column in found if column]


def _line(source: tuple[int, int], node: tuple[int, int], name: str) -> str:
    x1, y1 = source[0] + _BOX_PX[0], source[1] + _BOX_PX[1] // 2
    x2, y2 = node[0], node[1] + _BOX_PX[1] // 2
    bend = max(30, abs(x2 - x1) // 2)
    return (
        f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" '
        f'stroke="#8a93a6" stroke-width="1.5"><title>{escape(name)}</title></path>'
    )


def _box(graph: Graph, node: str, place: tuple[int, int], held: tuple[str, ...]) -> str:
    (x, y), (width, height) = place, _BOX_PX
    fill, edge = ("#e6f0ff", "#2f6fdd") if held else ("#f3f4f7", "#8a93a6")
    lines = (_cut(_title(graph, node)), _cut(", ".join(held)))
    texts = "".join(
        f'<text x="{x + 8}" y="{y + 18 + 17 * row}" fill="#1c2430">{escape(line)}</text>'
        for row, line in enumerate(lines)
        if line
    )
    full = escape("\n".join((_title(graph, node), *_values(graph, node))))
    return (
        f'<g><title>{full}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" '
        f'fill="{fill}" stroke="{edge}"/>{texts}</g>'
    )


def _values(graph: Graph, node: str) -> list[str]:
    inputs: Mapping[str, Any] = graph[node]["inputs"]
    return [f"{name}: {str(v)[:200]}" for name, v in inputs.items() if not isinstance(v, list)]


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_CHARS else text[: _LABEL_CHARS - 1] + "…"
