"""A whole pipeline for tests: real store, files and pixels; a scripted server and library."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2

from tests import drawn
from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.direct.rules import RulesDirector
from tower_anime.domain.brief import Brief
from tower_anime.domain.frame import Frame
from tower_anime.domain.generation import Generation, History, new_generation_id
from tower_anime.domain.graph import Catalog
from tower_anime.domain.quality import Profile
from tower_anime.graph.ready import template
from tower_anime.graph.source import Source
from tower_anime.pipeline.steps import Pipeline
from tower_anime.ports import Director, Library, Rendered, RenderedFile, RenderJob
from tower_anime.testing.renderer import FakeRenderer

CAPTURES = Path(__file__).parents[1] / "captures"
CHECKPOINTS = ["anime_xl.safetensors", "old_sd15.safetensors"]


@cache
def catalog() -> Catalog:
    """The captured catalog of a real server, with our checkpoints."""
    with gzip.open(CAPTURES / "object_info_full.json.gz", "rt") as file:
        full: dict[str, Any] = json.load(file)
    full["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [CHECKPOINTS, {}]
    return full


@cache
def png(seed: int, *, good: bool) -> bytes:
    """A drawing as PNG; a bad one is noise over it."""
    frame = drawn.drawn(seed=seed)
    return encoded(frame if good else drawn.noisy(frame, sigma=45.0))


def encoded(frame: Frame) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    assert done
    return data.tobytes()


def rendered(data: bytes, *, steps: int = 20) -> Rendered:
    file = RenderedFile(
        filename="x_00001_.png", subfolder="", node="9", media_type="image/png", data=data
    )
    return Rendered(files=(file,), sampler_steps=steps, cached=False)


def by_steps(job: RenderJob, call: int) -> Rendered:
    """Draw what a request deserves: a good picture from 20 steps on."""
    sampler = next(n for n in job.graph.values() if n["class_type"] == "KSampler")["inputs"]
    good = sampler["steps"] >= 20
    return rendered(png(sampler["seed"] % 5, good=good), steps=sampler["steps"])


@dataclass
class Rig:
    """The pipeline and what it is made of."""

    folder: Path
    store: SqlStore
    renderer: FakeRenderer
    pipeline: Pipeline

    def add(self, brief: Brief, **changes: Any) -> str:
        generation = Generation(id=new_generation_id(), brief=brief, profile=Profile(name="still"))
        return self.store.add_generation(replace(generation, **changes)).id

    def run(self, generation_id: str, *, limit: int = 100) -> History:
        """Advance to the end, as an engine does but without its patience."""
        for _ in range(limit):
            if self.pipeline.advance(generation_id).done:
                return self.store.history(generation_id)
        raise AssertionError(f"not done after {limit} steps")

    def events(self, generation_id: str) -> list[str]:
        return [e.kind for e in self.store.events_after(0, generation_id=generation_id)]


def open_rig(
    folder: Path,
    script: Callable[[RenderJob, int], Rendered | Exception] = by_steps,
    *,
    library: Library | None = None,
    director: Director | None = None,
    busy_timeout_s: float = 30.0,
    **options: Any,
) -> Rig:
    url = f"sqlite:///{folder / 'tower.sqlite'}"
    migrate.upgrade(url, backup_dir=None)
    store = SqlStore(url, busy_timeout_s=busy_timeout_s)
    renderer = FakeRenderer(script, catalog=catalog())
    pipeline = Pipeline(
        store=store,
        blobs=FileBlobs(folder / "artifacts"),
        media=OpenCvMedia(),
        library=library or FolderLibrary(folder / "library"),
        director=director or RulesDirector(),
        renderers=(renderer,),
        workflow=lambda _key: Source(graph=template()),
        **options,
    )
    return Rig(folder, store, renderer, pipeline)
