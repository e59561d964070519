"""The gallery: filters, choosing many, look-alikes, files that are dropped."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests import samples
from tests.browser.conftest import Server, Windows, serious_findings
from tests.browser.stock import drawn, put
from tower_anime.compose import App
from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.queue import PAUSED

REJECTED, APPROVED = GenerationStatus.REJECTED, GenerationStatus.APPROVED


@pytest.fixture(scope="module")
def stocked(app: App) -> list[str]:
    ids = [put(app, number) for number in range(6)]
    ids += [put(app, 6 + n, status=REJECTED, score=0.2, defects=["blur"]) for n in range(2)]
    ids += [put(app, 8, status=APPROVED, project="Other", looks=0)]
    return ids


@pytest.mark.slow
@pytest.mark.usefixtures("stocked")
def test_filters_narrow_what_is_shown_and_stand_in_the_address(
    server: Server, opened: Windows
) -> None:
    page = opened(f"{server.url}/ui/gallery")
    cards = page.locator("#cards > li[data-id]")
    expect(cards).to_have_count(9)
    expect(page.locator("#count")).to_have_text("9 generations")
    page.get_by_role("radio", name="Rejected").check()
    expect(cards).to_have_count(2)
    assert page.url.endswith("/ui/gallery?status=rejected")
    page.reload()
    expect(cards).to_have_count(2)
    page.get_by_role("searchbox").fill("picture 7")
    expect(cards).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 generation")
    page.get_by_role("searchbox").fill("no such words")
    expect(page.get_by_role("heading", name="Nothing is like that")).to_be_visible()
    assert serious_findings(page) == []
    page.goto(f"{server.url}/ui/gallery?score_to=0.5&order=worst&defect=blur")
    expect(cards).to_have_count(2)
    opened.expects.append("422")
    page.goto(f"{server.url}/ui/gallery?score_from=much")
    expect(page.get_by_text("a score is a number from 0 to 1, not 'much'")).to_be_visible()


@pytest.mark.slow
def test_many_are_rejected_at_once_and_taken_back(
    server: Server, opened: Windows, stocked: list[str]
) -> None:
    page = opened(f"{server.url}/ui/gallery?status=needs_review&order=oldest")
    boxes = page.locator(".choose input")
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.get_by_text("4 selected")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator("#cards > li[data-id]")).to_have_count(2)
    state = server.http.get(f"/api/v1/generations/{stocked[0]}").json()
    assert state["status"] == "rejected"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#cards > li[data-id]")).to_have_count(6)


@pytest.mark.slow
@pytest.mark.usefixtures("stocked")
def test_look_alikes_stand_together(server: Server, opened: Windows) -> None:
    page = opened(f"{server.url}/ui/gallery?alike=1")
    expect(page.locator("#cards > li[data-id]")).to_have_count(8)
    page.get_by_role("button", name="1 alike").click()
    expect(page.locator("#cards > li[data-id]")).to_have_count(9)
    assert serious_findings(page) == []
    page.locator("#cards > li.member a.card").click()
    page.get_by_role("link", name="Look-alikes").click()
    expect(page.locator("#cards > li[data-id]")).to_have_count(2)
    page.get_by_label("Looks like this").uncheck()
    expect(page.locator("#cards > li[data-id]")).to_have_count(9)


@pytest.mark.slow
@pytest.mark.usefixtures("stocked")
def test_a_file_is_assessed_where_it_is_dropped(server: Server, opened: Windows) -> None:
    page = opened(f"{server.url}/ui/gallery")
    page.locator("#files").set_input_files(
        [
            {"name": "mine.png", "mimeType": "image/png", "buffer": drawn(3)},
            {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"},
        ]
    )
    expect(page.locator(".assessed .score")).to_be_visible()
    expect(page.locator(".assessed > li").nth(1).locator(".bad")).to_be_visible()
    assert serious_findings(page) == []
    opened.expects += ["415", "422", "ERR_FILE_NOT_FOUND"]


@pytest.mark.slow
def test_many_are_published_and_many_are_cancelled(
    app: App, server: Server, opened: Windows
) -> None:
    for number in range(3):
        put(app, number, project="Many", status=APPROVED)
    app.store.set_switch(PAUSED, True)
    while not app.turns.is_paused():  # remembered for half a second
        time.sleep(0.05)
    waiting = [app.create(samples.brief(project="Many")).id for _ in range(3)]
    page = opened(f"{server.url}/ui/gallery?project=Many&status=approved")
    expect(page.locator("#cards > li[data-id]")).to_have_count(3)
    choose_all(page)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("3 published")).to_be_visible()
    published = server.http.get("/api/v1/publications").json()["items"]
    assert [one["state"] for one in published] == ["verified"] * 3
    page.goto(f"{server.url}/ui/gallery?project=Many")
    expect(page.locator("#cards > li[data-id]")).to_have_count(6)
    choose_all(page)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("3 to be cancelled")).to_be_visible()
    app.store.set_switch(PAUSED, False)
    assert [server.finished(one)["status"] for one in waiting] == ["cancelled"] * 3


def choose_all(page: Page) -> None:
    page.locator(".choose input").first.check()
    page.get_by_role("button", name="Select all shown").click()
