"""What the pipeline does with servers that fail, and with other workflows than the usual one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import samples
from tests.flow.rig import Rig, by_steps, catalog, encoded, open_rig, png, rendered
from tower_anime.domain.attempt import AttemptState
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.errors import Interrupted, OutOfMemory, ServerPaused
from tower_anime.graph.ready import template
from tower_anime.graph.source import Source
from tower_anime.monitor.black import BLACK_LIMIT, PAUSE
from tower_anime.ports import Rendered, RenderedFile, RenderJob
from tower_anime.testing.renderer import FakeRenderer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BLACK = encoded(np.zeros((1024, 1024, 3), np.uint8))


def with_workflow(rig: Rig, graph: Any) -> Rig:
    return replace(rig, pipeline=replace(rig.pipeline, workflow=lambda _key: Source(graph=graph)))


def test_memory_is_freed_then_tried_again_then_smaller_and_never_as_large_again(
    tmp_path: Path,
) -> None:
    sizes: list[int] = []

    def script(job: RenderJob, call: int) -> Rendered | Exception:
        width = job.graph["5"]["inputs"]["width"]
        sizes.append(width)
        if width > 800:
            return OutOfMemory("gpu")
        return by_steps(job, call)

    rig = open_rig(tmp_path, script)
    history = rig.run(rig.add(samples.brief(max_attempts=6)))
    rig.store.close()
    assert sizes[:3] == [1024, 1024, 768]
    assert max(sizes[2:]) < 1024
    assert rig.renderer.freed == 2
    assert history.attempts[1].corrections == ()


def test_a_job_that_somebody_stopped_ends_cancelled_and_is_asked_for_again(tmp_path: Path) -> None:
    outcomes = iter([Interrupted("somebody stopped the job on the server")])
    rig = open_rig(tmp_path, lambda job, call: next(outcomes, None) or by_steps(job, call))
    history = rig.run(rig.add(samples.brief()))
    rig.store.close()
    first, second = history.attempts
    assert first.state is AttemptState.CANCELLED
    assert first.failure is not None
    assert "somebody" in first.failure.message
    assert second.request == first.request
    assert history.generation.status is GenerationStatus.APPROVED


def test_a_series_of_black_pictures_pauses_the_server_frees_it_and_alerts(tmp_path: Path) -> None:
    clock = [NOW]
    black = [True]

    def script(job: RenderJob, call: int) -> Rendered:
        return rendered(BLACK) if black[0] else by_steps(job, call)

    rig = open_rig(tmp_path, script, now=lambda: clock[0])
    brief = samples.brief(max_attempts=BLACK_LIMIT + 1)
    generation_id = rig.add(brief)
    with pytest.raises(ServerPaused, match="blank pictures"):
        rig.run(generation_id)
    assert len(rig.store.history(generation_id).attempts) == BLACK_LIMIT
    assert rig.renderer.freed == 1
    assert "server_paused" in rig.events(generation_id)
    (alert,) = rig.store.open_alerts()
    assert (alert.kind, alert.subject) == ("blank_series", rig.renderer.url)
    black[0] = False
    clock[0] = NOW + PAUSE + timedelta(seconds=1)
    assert rig.run(generation_id).generation.status is GenerationStatus.APPROVED
    assert rig.store.open_alerts() == ()
    rig.store.close()


def test_a_paused_server_leaves_the_work_to_the_others(tmp_path: Path) -> None:
    rig = open_rig(tmp_path, lambda _job, _call: rendered(BLACK), now=lambda: NOW)
    other = FakeRenderer(by_steps, url="http://other.invalid", catalog=catalog())
    both = replace(rig.pipeline, renderers=(rig.renderer, other))
    shared = replace(rig, pipeline=both)
    history = shared.run(shared.add(samples.brief(max_attempts=BLACK_LIMIT + 2)))
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    servers = [attempt.server for attempt in history.attempts]
    assert servers == [rig.renderer.url] * BLACK_LIMIT + [other.url]


# ---- workflows ------------------------------------------------------------------------------


def kept_picture(rig: Rig) -> str:
    artifact = rig.pipeline.blobs.put(png(1, good=True), media_type="image/png")
    return f"in.png@{artifact.sha256}"


def test_an_input_picture_is_uploaded_and_read_by_the_name_the_server_gave(tmp_path: Path) -> None:
    rig = with_workflow(open_rig(tmp_path), template("image_to_image"))
    image = kept_picture(rig)
    taken = f"tower_{image.rpartition('@')[2][:16]}.png"
    rig.renderer.inputs[taken] = b"somebody else's"
    history = rig.run(rig.add(samples.brief(workflow="image_to_image", image=image)))
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    (job,) = rig.renderer.jobs.values()
    name = job.graph["10"]["inputs"]["image"]
    assert name != taken
    assert rig.renderer.inputs[name] == png(1, good=True)
    assert job.graph["4"]["inputs"]["ckpt_name"] == "anime_xl.safetensors"
    assert history.attempts[0].request.denoise == 0.6


def refused(rig: Rig, **changes: Any) -> History:
    history = rig.run(rig.add(samples.brief(**changes)))
    rig.store.close()
    assert history.generation.status is GenerationStatus.FAILED
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "invalid_graph"
    assert rig.renderer.posts == []
    return history


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("image_to_image", {}, "name one as `image`"),
        ("text_to_video_ltx", {}, "makes clips"),
        ("text_to_image_flux", {"negative": "rain"}, "no single place for negative"),
        ("text_to_image", {"image": "x.png@00"}, "no single place for image"),
    ],
)
def test_what_a_workflow_cannot_do_is_refused_at_once(
    tmp_path: Path, name: str, changes: dict[str, Any], says: str
) -> None:
    rig = with_workflow(open_rig(tmp_path), template(name))
    history = refused(rig, workflow=f"{name}_of_mine", **changes)
    assert says in str(history.generation.reason)


def test_a_server_without_a_model_of_the_family_names_what_it_has(tmp_path: Path) -> None:
    rig = with_workflow(open_rig(tmp_path), template("text_to_image"))
    stocked = {**catalog(), "CheckpointLoaderSimple": {**catalog()["CheckpointLoaderSimple"]}}
    only = {"required": {"ckpt_name": [["flux1-dev-fp8.safetensors"], {}]}}
    stocked["CheckpointLoaderSimple"]["input"] = only
    server = FakeRenderer(by_steps, catalog=stocked)
    poor = replace(rig, pipeline=replace(rig.pipeline, renderers=(server,)))
    history = poor.run(poor.add(samples.brief(workflow="text_to_image")))
    rig.store.close()
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "missing_model"
    assert "flux1-dev-fp8.safetensors" in history.generation.failure.message


def test_a_prompt_without_a_place_is_not_dropped_in_silence(tmp_path: Path) -> None:
    graph = template()
    graph["6"]["inputs"]["text"] = ["99", 0]
    graph["99"] = {
        "class_type": "StringConcatenate",
        "inputs": {"string_a": "a", "string_b": "b", "delimiter": ","},
    }
    graph["4"]["inputs"]["ckpt_name"] = "anime_xl.safetensors"
    history = refused(with_workflow(open_rig(tmp_path), graph), workflow="mine")
    assert "put together by node 99 (StringConcatenate)" in str(history.generation.reason)


def test_the_result_of_the_last_stage_is_kept(tmp_path: Path) -> None:
    def files(*nodes: str) -> Rendered:
        made = [
            RenderedFile(
                filename=f"{node}.png",
                subfolder="",
                node=node,
                media_type="image/png",
                data=png(index, good=True),
            )
            for index, node in enumerate(nodes)
        ]
        return Rendered(files=tuple(made), sampler_steps=44, cached=False)

    graph = template("hires_fix")
    graph["20"] = {
        "class_type": "VAEDecode",
        "inputs": {"samples": ["3", 0], "vae": ["4", 2]},
    }
    graph["21"] = {
        "class_type": "SaveImage",
        "inputs": {"filename_prefix": "early", "images": ["20", 0]},
    }
    rig = with_workflow(open_rig(tmp_path, lambda _j, _c: files("21", "9")), graph)
    history = rig.run(rig.add(samples.brief(workflow="hires_fix")))
    rig.store.close()
    artifact = history.attempts[0].artifact
    assert artifact is not None
    assert Path(artifact.path).read_bytes() == png(1, good=True)


def test_a_stated_family_rules_the_first_request(tmp_path: Path) -> None:
    rig = open_rig(tmp_path, families={"anime_xl*": "pony"})
    history = rig.run(rig.add(samples.brief()))
    rig.store.close()
    assert "score_9" in history.attempts[0].request.prompt


def test_a_model_that_arrived_a_moment_ago_is_found(tmp_path: Path) -> None:
    class Restocked(FakeRenderer):
        def catalog(self, *, fresh: bool = False) -> Any:
            return catalog() if fresh else {}

    rig = open_rig(tmp_path)
    server = Restocked(by_steps)
    fresh = replace(rig, renderer=server, pipeline=replace(rig.pipeline, renderers=(server,)))
    checkpoint = {"checkpoint": "anime_xl.safetensors"}
    history = fresh.run(fresh.add(samples.brief(parameters=checkpoint)))
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
