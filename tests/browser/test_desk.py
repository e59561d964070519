"""The pages that ask, plan and look back: new, projects, workflows, analytics, system."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from tests import drawn
from tests.bench.teachings import told
from tests.browser.conftest import Server, Windows, listening, serious_findings
from tower_anime.compose import App
from tower_anime.domain.alert import Alert
from tower_anime.domain.queue import PAUSED
from tower_anime.domain.wish import briefs_of
from tower_anime.graph import ready


def test_the_form_counts_says_where_values_come_from_and_asks_once(
    server: Server, opened: Windows, app: App
) -> None:
    page = opened(f"{server.url}/ui/new")
    prompts = page.get_by_label("What it should show")
    expect(prompts).to_be_focused()
    prompts.fill("1girl, {red|blue|green} hair\nmountain village, no humans")
    expect(page.locator("#plan .count")).to_have_text("4 generations")
    expect(page.locator("#plan .prompts li")).to_have_count(4)
    page.get_by_text("Parameters left empty").click()
    steps = page.get_by_label("Steps")
    expect(steps).to_have_attribute("placeholder", "28")
    expect(page.locator("[data-default=steps] .origin")).to_have_text("model’s usual")
    steps.fill("9")
    expect(page.locator("[data-default=steps] .origin")).to_have_text("you")
    page.get_by_label("Checkpoint").fill("sandbox_anime_15.safetensors")
    page.get_by_label("Size").fill("wide")
    expect(page.locator("#plan [role=alert]")).to_contain_text("1024x1024")
    page.get_by_label("Size").fill("512x512")
    page.get_by_label("Project").fill("Forms")
    page.get_by_text("Judgement and library").click()
    page.get_by_label("Attempts at most").fill("1")
    prompts.fill("1girl, red hair")
    expect(page.locator("#plan .count")).to_have_text("1 generation")
    assert serious_findings(page) == []
    prompts.press("Control+Enter")
    page.wait_for_url("**/ui/")
    (asked,) = app.store.histories(limit=5, project="Forms").items
    brief = asked.generation.brief
    assert (brief.prompt, brief.max_attempts) == ("1girl, red hair", 1)
    assert (brief.parameters["steps"], brief.parameters["width"]) == (9, 512)
    page.goto(f"{server.url}/ui/new?from={asked.generation.id}")
    expect(page.get_by_label("What it should show")).to_have_value("1girl, red hair")
    expect(page.get_by_label("Steps")).to_have_value("9")


@pytest.mark.slow
def test_a_picture_to_begin_with_is_sent_and_chosen(
    server: Server, opened: Windows, app: App
) -> None:
    done, data = cv2.imencode(".png", drawn.drawn(seed=2)[:256, :256])
    assert done
    page = opened(f"{server.url}/ui/new?prompt=1girl", width=390, height=844)
    file = {"name": "street.png", "mimeType": "image/png", "buffer": data.tobytes()}
    page.get_by_label("Send a picture: Begin with a picture").set_input_files(file)  # type: ignore[arg-type]
    expect(page.get_by_label("Begin with a picture", exact=True)).to_have_value("street.png")
    expect(page.locator(".picked").first).to_be_visible()
    expect(page.locator("[data-default=size] td").first).to_have_text("1024x1024")
    expect(page.locator("[data-default=size] .origin")).to_have_text("picture’s shape")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    text = {"name": "a.png", "mimeType": "image/png", "buffer": b"words"}
    page.get_by_label("Send a picture: Draw anew").set_input_files(text)  # type: ignore[arg-type]
    expect(page.locator(".toast.bad")).to_be_visible()
    opened.expects.append("415")


def test_a_project_is_made_told_and_drawn(server: Server, opened: Windows, app: App) -> None:
    app.store.set_switch(PAUSED, True)
    page = opened(f"{server.url}/ui/projects")
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Name").fill("Rain")
    with page.expect_event("load"):
        page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Rain")).to_be_visible()
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Style", exact=True).fill("ink wash")
    page.get_by_label("Don’t").fill("guns\nblood")
    page.get_by_label("Characters").fill("Aki=silver hair")
    with page.expect_event("load"):
        page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("guns, blood")).to_be_visible()
    assert app.store.project_brief("Rain")[0].characters[0].look == "silver hair"
    page.get_by_role("button", name="Develop a story").click()
    page.get_by_label("Logline").last.fill("A courier finds a city")
    page.get_by_label("Scenes each").fill("1")
    page.get_by_label("Shots each").fill("2")
    with page.expect_event("load"):
        page.get_by_role("button", name="Develop", exact=True).click()
    expect(page.locator(".shot")).to_have_count(2)
    assert serious_findings(page) == []
    page.get_by_role("button", name="Edit shot 2").click()
    page.get_by_label("Prompt").fill("a lantern")
    page.get_by_role("button", name="Keep").last.click()
    expect(page.locator(".shot").nth(1)).to_contain_text("a lantern")
    page.get_by_role("button", name="Queue 2 missing shots").click()
    expect(page.locator(".tally")).to_contain_text("2 under way")
    expect(page.get_by_text("Every shot is there or on its way.")).to_be_visible()
    queued = app.store.histories(limit=9, project="Rain").items
    assert {one.generation.brief.prompt for one in queued} >= {"a lantern"}
    for one in queued:
        app.cancel(one.generation.id)
    app.store.set_switch(PAUSED, False)
    expect(page.locator(".tally")).to_contain_text("2 to draw")


@pytest.mark.slow
def test_the_system_page_hides_secrets_looks_around_and_takes_note(
    app: App, opened: Windows
) -> None:
    hidden = {"comfy_token": SecretStr("hush-hush"), "database_url": None}
    app.store.raise_alert(Alert(kind="disk_low", subject="data", message="2 GB are free"))
    with listening(replace(app, settings=app.settings.model_copy(update=hidden))) as server:
        assert "hush-hush" not in server.http.get("/ui/system").text
        page = opened(f"{server.url}/ui/system", width=390, height=844)
        expect(page.locator("#findings li").first).to_be_visible()
        page.locator("summary", has_text="Settings").click()
        row = page.locator("tr", has_text="TOWER_COMFY_TOKEN")
        expect(row).to_contain_text("set (hidden)")
        page.get_by_label("only what is set here").check()
        expect(page.locator("tr", has_text="TOWER_ECHO_URL")).to_be_hidden()
        page.get_by_role("button", name="I know").click()
        expect(page.get_by_text("known", exact=True)).to_be_visible()
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    opened.expects.append("net::ERR")
    app.store.resolve_alert("disk_low", "data")


@pytest.mark.slow
def test_every_chart_is_a_table_and_csv_as_well(server: Server, opened: Windows, app: App) -> None:
    wish = {
        "prompt": "1girl",
        "project": "Counted",
        "size": "512x512",
        "set": {"checkpoint": "sandbox_anime_15.safetensors", "steps": 5},
        "max_attempts": 2,
        "publish": False,
    }
    for seed in (1, 2):
        (brief,) = briefs_of({**wish, "seed": seed})
        server.finished(app.create(brief).id)
    app.figures.refresh()
    page = opened(f"{server.url}/ui/analytics?project=Counted")
    expect(page.locator("#throughput canvas")).to_be_visible()
    expect(page.locator(".tiles .stat").first).to_contain_text("2")
    panels = page.locator(".chart-panel")
    assert panels.count() >= 9
    for key in page.evaluate("[...document.querySelectorAll('.chart-panel')].map((one) => one.id)"):
        panel = page.locator(f"#{key}")
        rows = panel.locator("details tbody tr").count()
        link = panel.get_by_role("link", name="CSV")
        if link.count():
            text = server.http.get(link.get_attribute("href") or "").text
            assert len(list(csv.DictReader(text.splitlines()))) == rows > 0
        else:
            expect(panel).to_contain_text("Nothing to show")
    page.locator("#throughput .chart").hover()
    expect(page.locator(".tip")).to_contain_text("approved: ")
    assert serious_findings(page) == []
    page.get_by_label("Project", exact=True).select_option("")
    page.wait_for_url("**/ui/analytics?period=30&backend=sandbox")
    page.goto(f"{server.url}/ui/analytics?since=2001-01-01&until=2001-01-02")
    expect(page.get_by_text("Nothing to count here yet")).to_be_visible()
    assert server.http.get("/ui/analytics?since=yesterday").status_code == 422


def test_what_was_learned_is_seen_forgotten_and_handed_on(
    server: Server, opened: Windows, app: App, tmp_path: Path
) -> None:
    app.store.add_outcomes([told(n, ["1girl", "harbour"], 0.6 + n % 5 / 10) for n in range(20)])
    page = opened(f"{server.url}/ui/learning?backend=comfyui&like=harbour", width=390, height=844)
    expect(page.locator("#lessons")).to_contain_text("anime_xl")
    expect(page.locator("#alike")).to_contain_text("1girl, harbour")
    for key in page.evaluate("[...document.querySelectorAll('.chart-panel')].map((one) => one.id)"):
        link = page.locator(f"#{key}").get_by_role("link", name="CSV")
        if link.count():
            text = server.http.get(link.get_attribute("href") or "").text
            rows = page.locator(f"#{key} details tbody tr").count()
            assert len(list(csv.DictReader(text.splitlines()))) == rows > 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert serious_findings(page) == []
    page.get_by_label("Forget", exact=True).select_option("words")
    page.get_by_role("button", name="Forget").click()
    expect(page.locator(".forgotten")).to_contain_text("words, up to")
    page.get_by_role("button", name="Take all resets back").click()
    expect(page.locator(".forgotten")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export outcomes").click()
    file = tmp_path / "told.jsonl"
    download.value.save_as(file)
    field = page.get_by_label("Import outcomes")
    field.set_input_files(file)
    expect(page.locator("#taught")).to_contain_text("nothing changed")
    file.write_text(file.read_text()[:-90])
    field.set_input_files(file)
    expect(page.locator("#taught.bad")).to_contain_text("told.jsonl, line")
    opened.expects.append("422")


@pytest.mark.slow
def test_a_workflow_is_sent_drawn_and_used(server: Server, opened: Windows, tmp_path: Path) -> None:
    graph = ready.template("text_to_image")
    graph["6"]["inputs"]["text"] = "<script>alert(1)</script>"
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(graph))
    page = opened(f"{server.url}/ui/workflows")
    expect(page.get_by_text("None of your own yet")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/ui/workflows/mine*")
    expect(page.locator(".flow svg g")).to_have_count(len(graph))
    expect(page.locator("tr", has_text="3.steps")).to_contain_text("28")
    assert serious_findings(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="Use it").click()
    expect(page.get_by_label("Workflow")).to_have_value("mine@1")
    expect(page.locator("[data-default=steps] .origin")).to_have_text("workflow’s")
    assert server.http.get("/ui/workflows/none").status_code == 404
