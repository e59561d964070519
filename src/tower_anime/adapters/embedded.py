"""What ComfyUI writes into its files: the workflow that made them, to be opened again.

Pictures carry it as PNG text, clips as metadata of their container (`SaveVideo` names the keys
`prompt` and `workflow`, too).
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import av
import av.error

from tower_anime.errors import Unreadable

_BEGINNINGS = ((0, b"\x1a\x45\xdf\xa3"), (4, b"ftyp"))  # Matroska and WebM, MP4 and MOV


def is_clip(data: bytes) -> bool:
    """Whether a file's first bytes are those of a clip's container."""
    return any(data[at : at + len(magic)] == magic for at, magic in _BEGINNINGS)


def clip_texts(data: bytes) -> Mapping[str, str]:
    """Return a clip's metadata, names in lower case (Matroska writes them in capitals).

    Raises:
        Unreadable: of kind `corrupt`.
    """
    try:
        with av.open(io.BytesIO(data), "r", metadata_errors="replace") as container:
            return {name.casefold(): text for name, text in container.metadata.items()}
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(f"the clip can't be opened: {error}", kind="corrupt") from error
