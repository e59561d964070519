"""Looking at what others produce: on a real (sandbox) server and in a folder."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from tests.flow.process import until
from tests.flow.rig import png
from tower_anime.cli import main
from tower_anime.domain.produced import Produced
from tower_anime.domain.quality import Assessment, Verdict
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import BadInput
from tower_anime.graph.build import build
from tower_anime.graph.own import template_of
from tower_anime.graph.ready import template
from tower_anime.sandbox.server import SandboxConfig, running
from tower_anime.settings import Settings, read_settings
from tower_anime.watching import Rules, Source, folder_source, prompt_of, server_source, watch

Found = list[tuple[Produced, Assessment]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(data_dir=tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "output"
    made.mkdir()
    return made


def seen(settings: Settings, source: Source, *steps: Callable[[], object], **rules: Any) -> Found:
    """Look once before the steps, and once after each of them."""
    ahead: Iterator[Callable[[], object]] = iter(steps)
    left = [len(steps)]

    def go_on() -> bool:
        left[0] -= 1
        return left[0] >= 0

    looks = watch(
        settings,
        source,
        Rules(**rules),
        pause_s=0.0,
        go_on=go_on,
        sleep=lambda _: next(ahead)() and None,  # type: ignore[func-returns-value]
    )
    return list(looks)


# ---- A folder ---------------------------------------------------------------------------------


def test_files_are_seen_once_when_they_are_written(settings: Settings, folder: Path) -> None:
    (folder / "old.png").write_bytes(png(1, good=True))
    half = png(2, good=True)

    def begin() -> None:
        (folder / "new.png").write_bytes(half[:4000])
        (folder / "note.txt").write_text("no picture")
        (folder / ".hidden.png").write_bytes(half)

    def finish() -> None:
        (folder / "new.png").write_bytes(half)

    def below() -> None:
        (folder / "sub").mkdir()
        (folder / "sub" / "bad.png").write_bytes(png(3, good=False))

    def nothing() -> None: ...

    with folder_source(folder, existing=False) as source:
        found = seen(settings, source, begin, finish, nothing, below, nothing, nothing)
    names = [Path(file.name).name for file, _ in found]
    assert names == ["new.png", "bad.png"]
    good, bad = (assessment for _, assessment in found)
    assert good.error is None
    assert good.score is not None
    assert bad.score is not None
    assert bad.score < good.score


def test_a_file_that_is_written_anew_is_seen_again_and_existing_ones_on_request(
    settings: Settings, folder: Path
) -> None:
    file = folder / "a.png"
    file.write_bytes(png(1, good=True))

    def again() -> None:
        file.write_bytes(png(1, good=False))

    with folder_source(folder, existing=True) as source:
        found = seen(settings, source, again, lambda: None)
    assert [Path(one.name).name for one, _ in found] == ["a.png", "a.png"]
    with pytest.raises(BadInput, match="is not there"):
        folder_source(folder / "nowhere", existing=True)


def test_a_folder_that_goes_away_is_waited_for(
    settings: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    aside = folder.with_name("aside")

    def back() -> None:
        aside.rename(folder)
        (folder / "late.png").write_bytes(png(1, good=True))

    with folder_source(folder, existing=False) as source:
        steps = (lambda: folder.rename(aside), lambda: None, back, lambda: None)
        found = seen(settings, source, *steps)
    assert [Path(one.name).name for one, _ in found] == ["late.png"]
    assert "waiting for it" in caplog.records[0].message
    assert caplog.records[-1].message == "it is back"


# ---- A server ---------------------------------------------------------------------------------


def submit(url: str, prompt: str, *, seed: int = 1) -> str:
    """Ask the server for a picture as some other client, and wait for it."""
    request = RenderRequest(
        prompt=prompt,
        width=256,
        height=256,
        steps=20,
        cfg=7.0,
        sampler="euler",
        scheduler="normal",
        seed=seed,
        checkpoint="sandbox_anime_15.safetensors",
    )
    graph = build(request, template=template_of(template()), filename_prefix="somebody/x")
    identity = str(uuid.uuid4())
    body = {"prompt": graph, "client_id": "somebody", "prompt_id": identity}
    httpx2.post(f"{url}/prompt", json=body).raise_for_status()
    until(lambda: identity in httpx2.get(f"{url}/history/{identity}").json())
    return identity


def test_what_others_ask_a_server_for_is_seen_with_its_prompt(settings: Settings) -> None:
    jobs: list[str] = []
    with running(SandboxConfig()) as url:
        submit(url, "before anybody watched", seed=9)
        with server_source(settings, url, existing=False) as source:
            found = seen(
                settings,
                source,
                lambda: jobs.append(submit(url, "1girl, night street")),
                lambda: jobs.append(submit(url, "1girl, night street")),  # cached: no new file
                lambda: jobs.extend(submit(url, "cat", seed=n) for n in range(2, 4)),
            )
        with server_source(settings, url, existing=True) as source:
            assert len(seen(settings, source)) == 4
    assert [file.prompt_id for file, _ in found] == [jobs[0], *jobs[2:]]
    first, assessment = found[0]
    assert first.name.startswith("somebody/x_")
    assert prompt_of(first) == "1girl, night street"
    assert assessment.relaxed  # night asks for dark
    assert {one.verdict for _, one in found} <= {Verdict.PASS, Verdict.REJECT}


def test_a_server_that_is_away_is_waited_for(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with running(SandboxConfig()) as url:
        pass
    with server_source(settings, url, existing=False) as source, suppress(StopIteration):
        assert seen(settings, source, lambda: None, lambda: None) == []
    assert [record.message.count("waiting for it") for record in caplog.records] == [1]


def test_the_command(folder: Path, tmp_path: Path) -> None:
    environment = {"TOWER_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["watch", *arguments], env=environment)

    (folder / "bad.png").write_bytes(b"\x89PNG nothing")
    done = run(str(folder), "--existing", "--for", "0", "--json")
    assert done.exit_code == 2
    assert '"verdict": "unmeasured"' in done.stdout
    assert "seen: 1 unmeasured" in done.stderr
    assert run(str(folder), "--for", "0").exit_code == 0
    assert run(str(folder), "--comfy", "http://127.0.0.1:1").exit_code == 2
    assert run(str(folder), "--profile", "nothing", "--for", "0").exit_code == 2
