from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest

from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.adapters.comfy_messages import damage
from tower_anime.domain.graph import Graph
from tower_anime.domain.progress import Progress
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import Cancelled, InvalidGraph, MissingModel, MissingNode
from tower_anime.graph.build import build
from tower_anime.graph.own import template_of
from tower_anime.graph.preflight import problems
from tower_anime.graph.ready import template
from tower_anime.ports import Rendered, RenderJob
from tower_anime.sandbox.server import SandboxConfig, running

REQUEST = RenderRequest(
    prompt="1girl, rain, umbrella",
    negative="lowres",
    width=128,
    height=128,
    steps=4,
    cfg=6.0,
    sampler="euler",
    scheduler="normal",
    seed=1,
    checkpoint="sandbox_anime_xl.safetensors",
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(SandboxConfig()) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[ComfyRenderer]:
    renderer = ComfyRenderer(url, down_after_s=1.0)
    yield renderer
    renderer.close()


def graph(**changes: object) -> Graph:
    name = str(uuid.uuid4())
    return build(
        REQUEST.changed(**changes),
        template=template_of(template()),
        filename_prefix=f"tower/{name}",
    )


def job(drawing: Graph | None = None) -> RenderJob:
    return RenderJob(prompt_id=str(uuid.uuid4()), graph=drawing or graph(), extra_pnginfo={})


def render(
    client: ComfyRenderer,
    work: RenderJob,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Rendered:
    return client.render(work, on_submitted=lambda: None, on_progress=progress, cancelled=cancelled)


def test_a_picture_comes_with_its_graph(client: ComfyRenderer) -> None:
    seen: list[Progress] = []
    rendered = render(client, job(graph(seed=random.randrange(2**32))), progress=seen.append)
    (file,) = rendered.files
    assert file.media_type == "image/png"
    assert damage(file.data) is None
    assert b"KSampler" in file.data
    assert rendered.sampler_steps == 4
    assert not rendered.cached
    assert [p.step for p in seen if p.step and not p.preview][:4] == [1, 2, 3, 4]


def test_it_says_what_it_is_and_offers_what_the_template_needs(client: ComfyRenderer) -> None:
    facts = client.facts()
    assert (facts.backend, facts.has_jobs_api) == ("sandbox", True)
    assert problems(graph(), client.catalog()) == ()
    assert client.queue_length() == 0


def test_the_same_graph_again_is_cached(client: ComfyRenderer) -> None:
    drawing = graph(seed=77)
    first, again = render(client, job(drawing)), render(client, job(drawing))
    assert (first.cached, again.cached) == (False, True)
    assert again.sampler_steps == 0
    assert again.files == first.files


def test_a_repeat_collects_the_same_file(client: ComfyRenderer) -> None:
    work = job(graph(seed=78))
    assert render(client, work).files == render(client, work).files


@pytest.mark.parametrize(
    ("node", "change", "error", "says"),
    [
        ("4", {"ckpt_name": "sandbox_anime_lx.safetensors"}, MissingModel, "sandbox_anime_xl"),
        ("3", {"sampler_name": "eular"}, MissingModel, "nearest: .*euler"),
        ("3", {"steps": 0}, InvalidGraph, "steps"),
        ("3", {"model": ["99", 0]}, InvalidGraph, "model|99"),
    ],
)
def test_a_wrong_graph_is_refused(
    client: ComfyRenderer, node: str, change: dict[str, object], error: type[Exception], says: str
) -> None:
    drawing = graph()
    drawing[node]["inputs"] |= change
    with pytest.raises(error, match=says):
        render(client, job(drawing))


def test_a_missing_class_is_named(client: ComfyRenderer) -> None:
    drawing = graph()
    drawing["3"]["class_type"] = "NoSuchSampler"
    with pytest.raises(MissingNode, match="NoSuchSampler"):
        render(client, job(drawing))


def test_cancel_in_mid_run() -> None:
    with running(SandboxConfig(seconds_per_step=0.1)) as url:
        client = ComfyRenderer(url)
        stop = threading.Event()

        def at_step_two(progress: Progress) -> None:
            if progress.step == 2:
                stop.set()

        with pytest.raises(Cancelled, match="let go"):
            render(client, job(graph(steps=100)), progress=at_step_two, cancelled=stop.is_set)
        assert client.queue_length() == 0
        client.close()
