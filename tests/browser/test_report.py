"""The report of `assess`: a page from a file, without any server."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests import drawn
from tests.browser.conftest import Windows, serious_findings
from tower_anime.crew import look_at_all
from tower_anime.domain.frame import Frame
from tower_anime.inspection import Showing, Wanted, profiles_of
from tower_anime.reporting import write_report
from tower_anime.settings import Settings


def pictures() -> dict[str, bytes]:
    """Return two that pass, one that is noisy, one with a hole, one cut short."""
    noisy = drawn.noisy(drawn.drawn("cel", seed=3, size=256), 40)
    good: list[Frame] = [drawn.drawn("cel", seed=seed, size=256) for seed in (1, 2)]
    holed = good[0].copy()
    holed[64:192, 64:192] = 0
    frames = [*good, noisy, holed]
    files = {f"{number}.png": _png(frame) for number, frame in enumerate(frames, 1)}
    return {**files, "5 <b>&.png": files["1.png"][:3000]}


def _png(frame: Frame) -> bytes:
    return bytes(cv2.imencode(".png", np.ascontiguousarray(frame[..., ::-1]))[1])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    for name, data in pictures().items():
        (folder / name).write_bytes(data)
    wanted = [
        Wanted(path=path, prompt="1girl, (film grain:0.1)", profile="draft")
        for path in sorted(folder.iterdir())
    ]
    showing = Showing(previews=True, heat_maps=True)
    profiles = {
        key: replace(profile, threshold=0.7)
        for key, profile in profiles_of(Settings(), wanted).items()
    }
    looks = look_at_all(wanted, profiles, jobs=1, showing=showing)
    target = folder / "report.html"
    assert len(list(write_report(target, looks))) == 5
    return target.as_uri()


def names(page: Page) -> list[str]:
    return page.locator("#files h2").all_text_contents()


def scores(page: Page) -> list[str]:
    return [text for text in page.locator("#files .score").all_text_contents() if text]


@pytest.mark.slow
def test_filters_and_sorting_by_mouse(opened: Windows, report: str) -> None:
    page = opened(report)
    expect(page.locator("#sum")).to_contain_text("5 files: 2 pass, 2 rejected, 1 could not be")
    assert names(page) == ["1.png", "2.png", "3.png", "4.png", "5 <b>&.png"]
    page.get_by_role("button", name="reject 2").click()
    assert names(page) == ["3.png", "4.png"]
    page.locator("#defect").select_option(label="partial blank")
    assert names(page) == ["4.png"]
    expect(page.get_by_role("status")).to_have_text("1 of 5")
    page.get_by_role("button", name="pass 2").click()
    expect(page.get_by_text("Nothing is left by these filters.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Sort by").select_option(label="worst first")
    assert scores(page) == sorted(scores(page))
    assert names(page)[0] == "5 <b>&.png"
    page.get_by_label("Sort by").select_option(label="most defects")
    assert sorted(names(page)[:2]) == ["3.png", "4.png"]
    expect(page.locator("#files")).to_contain_text("Forgiven, since it was asked for: noise")


@pytest.mark.slow
def test_places_are_shown_together_and_one_by_one(opened: Windows, report: str) -> None:
    page = opened(report)
    heat, boxes = page.locator("#files .heat:visible"), page.locator("#files .box:visible")
    expect(heat).to_have_count(0)
    page.get_by_role("button", name="Heat maps").click()
    expect(heat).not_to_have_count(0)
    assert heat.first.evaluate("img => img.decode().then(() => img.naturalWidth > 0)")
    page.get_by_role("button", name="Heat maps").click()
    expect(heat).to_have_count(0)
    expect(boxes).to_have_count(0)
    holed = page.locator("#files > li").nth(3)
    holed.get_by_role("button", name="partial blank").click()
    expect(boxes).to_have_count(1)
    around = boxes.bounding_box()
    picture = holed.locator("figure").bounding_box()
    assert around is not None
    assert picture is not None
    assert (around["x"] - picture["x"]) / picture["width"] == pytest.approx(0.25, abs=0.05)
    assert around["width"] / picture["width"] == pytest.approx(0.5, abs=0.05)
    holed.get_by_role("button", name="partial blank").click()
    expect(boxes).to_have_count(0)
    page.locator("#files > li").nth(2).get_by_role("button", name="noise").click()
    expect(heat).to_have_count(1)


@pytest.mark.slow
def test_all_of_it_by_keys(opened: Windows, report: str) -> None:
    page = opened(report)
    focused = page.locator("#files > li:focus h2")
    for expected in ("1.png", "2.png", "3.png", "4.png"):
        page.keyboard.press("j")
        expect(focused).to_have_text(expected)
    shown = page.locator("#files li:focus .defects button[aria-pressed=true]")
    page.keyboard.press("d")
    expect(shown).to_have_text("partial blank")
    for _ in range(page.locator("#files li:focus .defects button:enabled").count()):
        page.keyboard.press("d")
    expect(shown).to_have_count(0)
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Heat maps")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("s")
    expect(page.get_by_label("Sort by")).to_have_value("worst")
    expect(focused).to_have_text("4.png")
    page.keyboard.press("z")
    expect(page.locator("#files > li:focus")).to_have_class("reject large")
    page.keyboard.press("3")
    expect(page.locator("#files > li")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#files > li")).to_have_count(5)
    expect(page.locator("#files .heat:visible")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read(opened: Windows, report: str, scheme: str) -> None:
    page = opened(report, width=390, height=844, color_scheme=scheme)
    page.locator("summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert serious_findings(page) == []
