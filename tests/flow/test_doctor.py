"""`doctor` with servers that say this and that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from tests.contract.scripted_comfy import Scenario, ScriptedComfy, serving
from tower_anime.doctor import Finding, diagnose
from tower_anime.settings import Settings

GOOD = Scenario.captured("ksampler_preview_metadata")


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as script:
        yield script


NOBODY = "http://127.0.0.1:9"


def found(folder: Path, *urls: str, usual_url: str = NOBODY) -> dict[str, Finding]:
    settings = Settings(data_dir=folder, comfy_urls=urls)
    return {finding.name: finding for finding in diagnose(settings, usual_url=usual_url)}


def test_a_server_is_described(tmp_path: Path, server: ScriptedComfy) -> None:
    server.reset(GOOD)
    server.others_ahead = 3
    findings = found(tmp_path, server.url)
    comfy = findings["ComfyUI"]
    assert comfy.state == "ok"
    assert "comfyui 0.33.0" in comfy.text
    assert "3 jobs in its queue" in comfy.text
    assert findings["previews"].text == "on (auto)"
    assert "node classes" in findings["models"].text
    assert "checkpoints" in findings["models"].text
    assert "sd3" in findings["models"].text


def test_missing_previews_and_models_are_named_with_what_helps(
    tmp_path: Path, server: ScriptedComfy
) -> None:
    server.reset(GOOD)
    card = {"name": "cuda:0", "type": "cuda", "vram_total": 24 * 2**30, "vram_free": 6 * 2**30}
    stats = {"system": {"comfyui_version": "0.3.64", "argv": ["main.py"]}, "devices": [card]}
    server.answers["GET /system_stats"] += [JSONResponse(stats)] * 2
    server.answers["GET /object_info"] += [JSONResponse({})]
    findings = found(tmp_path, server.url)
    assert "6.0 of 24.0 GiB VRAM free" in findings["ComfyUI"].text
    assert (findings["previews"].state, findings["models"].state) == ("note", "problem")
    assert "--preview-method auto" in str(findings["previews"].fix)


def test_refused_access_points_to_the_token(tmp_path: Path, server: ScriptedComfy) -> None:
    server.reset(GOOD)
    server.answers["GET /system_stats"] += [PlainTextResponse("who are you", 401)]
    finding = found(tmp_path, server.url)["ComfyUI"]
    assert finding.state == "problem"
    assert "TOWER_COMFY_HEADERS" in str(finding.fix)


def test_one_that_answers_though_it_is_not_configured_is_offered(
    tmp_path: Path, server: ScriptedComfy
) -> None:
    server.reset(GOOD)
    assert "sandbox draws instead" in found(tmp_path)["ComfyUI"].text
    finding = found(tmp_path, usual_url=server.url)["ComfyUI"]
    assert "not configured" in finding.text
    assert finding.fix == f"set TOWER_COMFY_URLS={server.url}"
