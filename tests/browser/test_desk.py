"""The pages that ask and plan: new generation, projects."""

from __future__ import annotations

import cv2
from playwright.sync_api import expect

from tests import drawn
from tests.browser.conftest import Server, Windows, serious_findings
from tower_anime.compose import App
from tower_anime.domain.queue import PAUSED


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
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Rain")).to_be_visible()
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Style", exact=True).fill("ink wash")
    page.get_by_label("Don’t").fill("guns\nblood")
    page.get_by_label("Characters").fill("Aki=silver hair")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("guns, blood")).to_be_visible()
    assert app.store.project_brief("Rain")[0].characters[0].look == "silver hair"
    page.get_by_role("button", name="Develop a story").click()
    page.get_by_label("Logline").last.fill("A courier finds a city")
    page.get_by_label("Scenes each").fill("1")
    page.get_by_label("Shots each").fill("2")
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
