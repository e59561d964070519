"""What every renderer promises: the one for ComfyUI and the shipped fake."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.contract.scripted_comfy import Scenario, ScriptedComfy, png, serving
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.domain.progress import Progress
from tower_anime.errors import Cancelled, OutOfMemory
from tower_anime.ports import Rendered, RenderedFile, Renderer, RenderJob
from tower_anime.testing.renderer import FakeRenderer

GOOD = Scenario.captured("ksampler_preview_metadata")
BAD = GOOD.ending("execution_error", exception_type="torch.OutOfMemoryError")


@dataclass
class Bench:
    """A renderer, how to make its next job fail, and the ids it submitted."""

    renderer: Renderer
    fail_next: Callable[[bool], None]
    posts: Callable[[], list[str]]

    def render(
        self,
        job: RenderJob,
        *,
        progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        submitted: Callable[[], None] = lambda: None,
    ) -> Rendered:
        return self.renderer.render(
            job, on_submitted=submitted, on_progress=progress, cancelled=cancelled
        )


def fake() -> Bench:
    failing: list[bool] = [False]
    file = RenderedFile(
        filename="a.png", subfolder="", node="9", media_type="image/png", data=png()
    )

    def script(_job: RenderJob, _call: int) -> Rendered | Exception:
        if failing[0]:
            return OutOfMemory("out of memory at node 3")
        return Rendered(files=(file,), sampler_steps=8, cached=False)

    renderer = FakeRenderer(script)
    return Bench(renderer, lambda fails: failing.__setitem__(0, fails), lambda: renderer.posts)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as script:
        yield script


@pytest.fixture(params=["fake", "comfy"])
def bench(request: pytest.FixtureRequest, server: ScriptedComfy) -> Iterator[Bench]:
    if request.param == "fake":
        yield fake()
        return
    server.reset(GOOD)
    client = ComfyRenderer(server.url)

    def fail_next(fails: bool) -> None:
        server.scenario = BAD if fails else GOOD

    yield Bench(client, fail_next, lambda: [post["prompt_id"] for post in server.posts])
    client.close()


def job() -> RenderJob:
    return RenderJob(prompt_id=str(uuid.uuid4()), graph=GOOD.graph, extra_pnginfo={})


def test_a_job_gives_its_files_and_tells_its_way(bench: Bench) -> None:
    told: list[str] = []
    rendered = bench.render(
        job(), progress=lambda p: told.append(p.phase), submitted=lambda: told.append("submitted")
    )
    assert rendered.files[0].data == png()
    assert told[0] == "submitted"
    assert "running" in told


def test_a_job_runs_once_however_often_it_is_rendered(bench: Bench) -> None:
    work, submitted = job(), []
    first = bench.render(work, submitted=lambda: submitted.append(1))
    again = bench.render(work, submitted=lambda: submitted.append(2))
    assert first.files == again.files
    assert bench.posts() == [work.prompt_id]
    assert submitted == [1, 2]


def test_a_failure_is_raised_and_another_job_may_succeed(bench: Bench) -> None:
    bench.fail_next(True)
    failed = job()
    with pytest.raises(OutOfMemory, match="node 3"):
        bench.render(failed)
    bench.fail_next(False)
    with pytest.raises(OutOfMemory, match="node 3"):
        bench.render(failed)  # that job has run; trying again takes another one
    assert bench.render(job()).sampler_steps == 8


def test_cancelled_beforehand_is_never_submitted(bench: Bench) -> None:
    with pytest.raises(Cancelled):
        bench.render(job(), cancelled=lambda: True)
    assert bench.posts() == []


def test_cancelled_on_the_way_ends_cancelled(bench: Bench) -> None:
    answers = iter([False])
    with pytest.raises(Cancelled):
        bench.render(job(), cancelled=lambda: next(answers, True))


def test_it_says_what_it_is(bench: Bench) -> None:
    facts = bench.renderer.facts()
    assert facts.url == bench.renderer.url
    assert facts.backend == bench.renderer.backend() == "comfyui"
    assert bench.renderer.queue_length() == 0
    assert bench.renderer.cancel(str(uuid.uuid4())) is True


def test_an_input_gets_a_name_and_memory_is_freed_on_request(bench: Bench) -> None:
    assert bench.renderer.upload(png(), "in.png") == "in.png"
    assert bench.renderer.upload(png(), "in.png") == "in.png"
    bench.renderer.free()


def test_what_is_on_offer_may_be_asked_anew(bench: Bench) -> None:
    assert bench.renderer.catalog(fresh=True) == bench.renderer.catalog()
