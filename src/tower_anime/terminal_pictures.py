"""Small pictures in terminals that can show them: kitty's protocol, iTerm2's, and sixels.

Nothing is sent to a terminal that did not say, by its environment or its answer, that it can.
"""

from __future__ import annotations

import base64
import os
import re
import select
import sys
import termios
import tty
from collections.abc import Iterator, Mapping
from enum import StrEnum

import cv2
import numpy as np

_ROWS, _CELL_PX = 5, 20  # a preview is as high as so many lines of usual height
_CHUNK = 4096  # characters of base64 in one of kitty's sequences
_ANSWER_S = 0.2
_LEVELS = 6  # of each colour in a sixel picture: 216 colours


class Way(StrEnum):
    """How a terminal takes pictures."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"


def way_of_terminal(environment: Mapping[str, str] = os.environ) -> Way | None:
    """Return how the terminal at stdout takes pictures; None if it takes none."""
    if not sys.stdout.isatty() or environment.get("TMUX") or environment.get("STY"):
        return None
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") in (
        "xterm-kitty",
        "xterm-ghostty",
    ):
        return Way.KITTY
    programs = {environment.get("TERM_PROGRAM"), environment.get("LC_TERMINAL")}
    if programs & {"iTerm.app", "iTerm2", "WezTerm", "mintty"}:
        return Way.ITERM
    return Way.SIXEL if sys.stdin.isatty() and _answers_sixel() else None


def shown(preview: bytes, way: Way) -> str:
    """Return what makes the terminal show a JPEG, some lines high."""
    picture = cv2.imdecode(np.frombuffer(preview, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return ""
    scale = _ROWS * _CELL_PX / picture.shape[0]
    size = (max(1, round(picture.shape[1] * scale)), _ROWS * _CELL_PX)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if way is Way.SIXEL:
        return _sixel(small)
    done, png = cv2.imencode(".png", small)
    assert done
    data = base64.b64encode(png.tobytes()).decode("ascii")
    if way is Way.KITTY:
        return "".join(_kitty(data)) + "\n"
    return f"\x1b]1337;File=inline=1;height={_ROWS};preserveAspectRatio=1:{data}\a\n"


def _kitty(data: str) -> Iterator[str]:
    chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    for number, chunk in enumerate(chunks):
        head = f"a=T,f=100,q=2,r={_ROWS}," if number == 0 else ""
        yield f"\x1b_G{head}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"


def _sixel(bgr: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | cv2.typing.MatLike) -> str:
    """Return a picture in sixels: bands of six lines, each colour of a band in turn."""
    indexed = (bgr.astype(np.uint16) * (_LEVELS - 1) + 127) // 255
    colours = indexed[..., 2] * _LEVELS**2 + indexed[..., 1] * _LEVELS + indexed[..., 0]
    parts = [f'\x1bPq"1;1;{bgr.shape[1]};{bgr.shape[0]}']
    for colour in np.unique(colours).tolist():
        shares = [colour // _LEVELS**2, colour // _LEVELS % _LEVELS, colour % _LEVELS]
        red, green, blue = (round(100 * share / (_LEVELS - 1)) for share in shares)
        parts.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, bgr.shape[0], 6):
        band = colours[top : top + 6]
        bits = (1 << np.arange(band.shape[0]))[:, None]
        for colour in np.unique(band).tolist():
            columns = ((band == colour) * bits).sum(axis=0) + 63
            parts.append(f"#{colour}{''.join(map(chr, columns.tolist()))}$")
        parts.append("-")
    return "".join(parts) + "\x1b\\\n"


def _answers_sixel() -> bool:
    """Ask the terminal for its attributes; 4 among them is sixel graphics (DEC VT340)."""
    try:
        before = termios.tcgetattr(sys.stdin)
    except termios.error:
        return False
    answer = b""
    try:
        tty.setcbreak(sys.stdin)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        while select.select([sys.stdin], [], [], _ANSWER_S)[0]:
            answer += os.read(sys.stdin.fileno(), 64)
            if answer.endswith(b"c"):
                break
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
    return has_sixel(answer)


def has_sixel(answer: bytes) -> bool:
    """Whether an answer to a request for attributes names sixel graphics."""
    found = re.search(rb"\x1b\[\?([\d;]+)c", answer)
    return found is not None and b"4" in found.group(1).split(b";")[1:]
