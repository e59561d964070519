"""One generation's page, with a real one of the sandbox."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Windows, serious_findings
from tower_anime.compose import App

WISH = {"prompt": "lighthouse, storm", "set": {"steps": 4}, "seed": 5, "project": "Sea"}


@pytest.fixture(scope="module")
def drawn(server: Server) -> str:
    made: str = server.http.post("/api/v1/generations", json=WISH).json()["generation_id"]
    server.finished(made)
    return made


@pytest.mark.slow
def test_what_changed_and_why_is_seen(server: Server, opened: Windows, drawn: str) -> None:
    page = opened(f"{server.url}/ui/generations/{drawn}")
    expect(page.locator(".attempt")).to_have_count(2)
    expect(page.locator(".chain li.change")).to_contain_text("steps 4 →")
    expect(page.locator(".kept")).to_be_visible()
    expect(page.get_by_role("heading", name="Checks")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_label("How much of this attempt").fill("30")
    clip = page.locator("[data-main]").evaluate("element => element.style.clipPath")
    assert "70%" in clip
    page.locator(".attempt").first.locator("a").click()
    page.wait_for_url("**attempt=1")
    heat = page.locator("[data-heat-of]").first
    heat.click()
    expect(page.locator("[data-heat]")).to_be_visible()
    expect(heat).to_have_attribute("aria-pressed", "true")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("html")).to_have_js_property("scrollWidth", 390)
    assert serious_findings(page) == []


@pytest.mark.slow
def test_it_is_reproduced_and_varied(app: App, server: Server, opened: Windows, drawn: str) -> None:
    page = opened(f"{server.url}/ui/generations/{drawn}")
    page.get_by_role("button", name="Reproduce").click()
    page.wait_for_url(lambda url: drawn not in url)
    again = page.url.rpartition("/")[2]
    expect(page.locator(".kept")).to_be_visible()
    old, new = (app.store.history(one).attempts[-1] for one in (drawn, again))
    assert new.request == old.request
    page.goto(f"{server.url}/ui/generations/{drawn}")
    page.get_by_role("button", name="Vary").click()
    expect(page.locator("#cards > li[data-id]")).to_have_count(4)
    for card in page.locator("#cards > li[data-id]").all():
        made = card.get_attribute("data-id")
        assert made is not None
        server.http.post(f"/api/v1/generations/{made}/cancel")
        server.finished(made)


@pytest.mark.slow
def test_a_person_decides_and_takes_it_back(server: Server, opened: Windows, drawn: str) -> None:
    page = opened(f"{server.url}/ui/generations/{drawn}")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".page-head .badge").first).to_have_text("rejected")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".page-head .badge").first).to_have_text("approved")
