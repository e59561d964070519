"""The values that flow along the links of a graph, and what a running node can ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.folders import Folders
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.sound import Sound, SoundLatent
from tower_anime.sandbox.surface import Footage, Surface
from tower_anime.sandbox.words import Scene


class NodeFailure(Exception):
    """A node failed the way ComfyUI reports it: an exception type and a message."""

    def __init__(self, exception_type: str, message: str) -> None:
        super().__init__(message)
        self.exception_type = exception_type


class Interrupted(Exception):
    """Somebody stopped the job."""


@dataclass(frozen=True)
class Model:
    """A checkpoint. `warmth` sums the strengths of its LoRAs, `motion` is a motion module."""

    surface: Surface
    warmth: float = 0.0
    motion: Footage | None = None


@dataclass(frozen=True)
class Conditioning:
    """Encoded words. `guidance` is FluxGuidance's, `frame_rate` LTXVConditioning's (frames/s)."""

    text: str
    guidance: float | None = None
    frame_rate: float | None = None


@dataclass(frozen=True)
class Latent:
    """Pictures in the making.

    `pictures` None means zeros. `scenes` is what they show, if it was drawn here. `euler_steps`
    were worked on them so far; `unfinished` is the share of the schedule still to be done. Only
    where `mask` is 1 does drawing change `below`.
    """

    width: int
    height: int
    batch: int
    pictures: tuple[Frame, ...] | None = None
    scenes: tuple[Scene, ...] | None = None
    euler_steps: float = 0.0
    unfinished: float = 0.0
    mask: NDArray[np.float32] | None = None
    below: tuple[Frame, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ClipLatent:
    """A clip in the making: `frames` of `width`×`height` pixels.

    `start` is the picture that it begins with. `shot` is what a sampler made of it, None while
    it is zeros; the frames are drawn when it is decoded. `sound` goes with it where a graph asks
    for some.
    """

    width: int
    height: int
    frames: int
    start: Frame | None = None
    shot: Shot | None = None
    sound: SoundLatent | None = None


@dataclass(frozen=True)
class Video:
    """A clip with its rate in frames per second, not yet a file."""

    images: tuple[Frame, ...]
    rate: float
    sound: Sound | None = None


@dataclass(frozen=True)
class Sigmas:
    """A noise schedule."""

    scheduler: str
    steps: int
    denoise: float


@dataclass(frozen=True)
class Guider:
    """A model with what guides it."""

    model: Model
    positive: Conditioning
    cfg: float


@dataclass(frozen=True)
class Saved:
    """The result of an output node: files (or texts) for the history, beside its values.

    `media` is the list that they stand in; `animated` marks clips as the server does.
    """

    files: list[Any]
    values: tuple[Any, ...]
    media: str = "images"
    animated: bool = False

    @property
    def ui(self) -> dict[str, Any]:
        """Return the files as the history names them."""
        return {self.media: self.files, **({"animated": [True]} if self.animated else {})}


Result = tuple[Any, ...] | Saved


class Run(Protocol):
    """What a running node can ask of the server."""

    @property
    def folders(self) -> Folders:
        """The server's files."""
        ...

    @property
    def prompt(self) -> Mapping[str, Any]:
        """The whole graph, to embed."""
        ...

    @property
    def extra_pnginfo(self) -> Mapping[str, object] | None:
        """More texts to embed."""
        ...

    @property
    def temp_prefix(self) -> str:
        """The name of this process's temporary files."""
        ...

    @property
    def world(self) -> int:
        """Which surfaces the checkpoints have."""
        ...

    def strikes(self, fault: str) -> bool:
        """Whether an ordered fault happens now."""
        ...

    def step(self, number: int, of: int, target: Frame | None) -> None:
        """Report a sampler step, with the picture it works towards; may raise `Interrupted`."""
        ...
