"""The review desk by keyboard and by thumb."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Windows, serious_findings
from tests.browser.stock import put
from tower_anime.compose import App
from tower_anime.domain.card import Choice
from tower_anime.domain.generation import GenerationStatus

STATUSES = {"a": "approved", "r": "rejected"}


def prompt(page: Page, number: int) -> None:
    expect(page.locator("#prompt")).to_have_text(f"picture {number}")


def test_twenty_pictures_are_culled_by_keyboard_alone(
    app: App, server: Server, opened: Windows
) -> None:
    ids = [put(app, number, project="Twenty", defects=["blur"]) for number in range(20)]
    page = opened(f"{server.url}/ui/review?project=Twenty")
    prompt(page, 0)
    assert serious_findings(page) == []
    expect(page.locator("#boxes rect")).to_have_count(1)
    keys = "arraarararaarrraaara"
    for number, key in enumerate(keys):
        prompt(page, number)
        if key == "r":
            page.keyboard.press("1")
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    page.keyboard.press("z")
    prompt(page, 19)
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    expect(page.locator("#desk")).to_have_attribute("data-unsent", "0")
    wanted = [STATUSES[key] for key in keys[:-1]] + ["rejected"]
    for generation_id, status in zip(ids, wanted, strict=True):
        seen = server.http.get(f"/api/v1/generations/{generation_id}").json()
        assert seen["status"] == status
    history = app.store.history(ids[1])
    assert history.review is not None
    assert history.review.reasons == ("hands",)
    page.goto(f"{server.url}/ui/review?project=Twenty&lane=rejected")
    expect(page.locator("#status")).to_have_text("rejected")


@pytest.mark.slow
def test_back_skip_compare_and_heat_map(app: App, server: Server, opened: Windows) -> None:
    for number in range(3):
        put(app, number, project="Three", defects=["blur"])
    page = opened(f"{server.url}/ui/review?project=Three")
    prompt(page, 0)
    page.keyboard.press("j")
    prompt(page, 1)
    page.keyboard.press("c")
    expect(page.locator("#stage-words")).to_contain_text("right: this one")
    page.keyboard.press("c")
    page.keyboard.press("h")
    expect(page.locator("#stage-words")).to_contain_text("heat map: blur")
    page.keyboard.press("k")
    prompt(page, 0)


@pytest.mark.slow
def test_a_thumb_approves_on_a_phone(app: App, server: Server, opened: Windows) -> None:
    first = put(app, 1, project="Phone", status=GenerationStatus.NEEDS_REVIEW)
    page = opened(
        f"{server.url}/ui/review?project=Phone",
        width=390,
        height=844,
        has_touch=True,
        is_mobile=True,
    )
    prompt(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert serious_findings(page) == []
    page.get_by_role("button", name="Approve").tap()
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    expect(page.locator("#desk")).to_have_attribute("data-unsent", "0")
    page.goto(f"{server.url}/ui/review?project=Phone&lane=approved")
    prompt(page, 1)
    assert server.http.get(f"/api/v1/generations/{first}").json()["status"] == "approved"


@pytest.mark.slow
def test_a_swipe_decides_and_a_short_one_does_not(
    app: App, server: Server, opened: Windows
) -> None:
    for number in range(3):
        put(app, number, project="Swiped")
    page = opened(f"{server.url}/ui/review?project=Swiped", width=390, height=844, has_touch=True)
    prompt(page, 0)
    swipe(page, by_px=40)
    prompt(page, 0)
    swipe(page, by_px=160)
    prompt(page, 1)
    swipe(page, by_px=-160)
    prompt(page, 2)
    expect(page.locator("#desk")).to_have_attribute("data-unsent", "0")
    found = {one.prompt: one.status.value for one in app.store.cards(Choice(project="Swiped"))[0]}
    assert found == {"picture 0": "approved", "picture 1": "rejected", "picture 2": "needs_review"}


def swipe(page: Page, *, by_px: int) -> None:
    """Draw a finger over the picture, as the browser itself would be touched."""
    box = page.locator("#stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", _touched("touchStart", x, y))
    for part in (0.3, 0.7, 1.0):
        touch.send("Input.dispatchTouchEvent", _touched("touchMove", x + by_px * part, y))
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def _touched(kind: str, x: float, y: float) -> dict[str, object]:
    return {"type": kind, "touchPoints": [{"x": x, "y": y}]}
