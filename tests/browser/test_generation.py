"""One generation's page, with a real one of the sandbox."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests import samples
from tests.browser.conftest import Server, Windows, serious_findings
from tests.moving import stage, waving, write_clip
from tower_anime import assess_file
from tower_anime.compose import App
from tower_anime.domain.brief import make_brief
from tower_anime.domain.generation import GenerationStatus, new_generation_id, prompt_id_of
from tower_anime.domain.request import Kind

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


@pytest.fixture(scope="module")
def clip(app: App, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two attempts of a clip; in the second one nothing moves from the third second on."""
    folder = tmp_path_factory.mktemp("clips")
    made = samples.generation(
        id=new_generation_id(), brief=make_brief(prompt="a wave", kind=Kind.CLIP)
    )
    app.store.add_generation(made)
    for number, lasts in ((1, 44), (2, 16)):
        frames = [*waving(stage(seed=number), frames=lasts, on=1)]
        frames += [frames[-1]] * (44 - lasts)
        file = write_clip(folder / f"{number}.mp4", frames, rate=8)
        kept = app.blobs.put(file.read_bytes(), media_type="video/mp4")
        drawn = samples.attempt(
            number, generation_id=made.id, prompt_id=prompt_id_of(made.id, number), artifact=kept
        )
        app.store.save_attempt(drawn)
        app.store.save_assessment(made.id, number, assess_file(file))
    app.store.save_generation(
        replace(made, status=GenerationStatus.REJECTED, chosen_attempt=2, finished_at=samples.NOW)
    )
    return made.id


@pytest.mark.slow
def test_a_clip_is_gone_through_by_its_timeline_and_compared(
    server: Server, opened: Windows, clip: str
) -> None:
    page = opened(f"{server.url}/ui/generations/{clip}")
    line = page.locator("[data-timeline]")
    expect(line.locator(".stretch title")).to_contain_text(["frozen"])
    page.get_by_role("button", name="frozen at").click()
    video = page.locator("[data-video]")
    assert 1.5 < video.evaluate("video => video.currentTime") < 2.5
    box = line.bounding_box()
    assert box is not None
    line.click(position={"x": box["width"] / 6, "y": box["height"] / 3})
    assert video.evaluate("video => video.currentTime") == pytest.approx(5.5 / 6, abs=0.1)
    expect(page.locator("tr", has_text="longest hold").first).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_label("How much of this attempt").fill("40")
    under = page.locator("[data-under]")
    expect(under).to_be_visible()
    assert "60%" in video.evaluate("video => video.style.clipPath")
    page.locator("[data-viewer]").click()
    expect(under).to_have_js_property("paused", value=False)
    page.locator("[data-viewer]").click()
    expect(under).to_have_js_property("paused", value=True)
    apart = page.evaluate(
        "Math.abs(document.querySelector('[data-under]').currentTime"
        " - document.querySelector('[data-video]').currentTime)"
    )
    assert apart < 0.2
    page.get_by_label("How much of this attempt").fill("100")
    expect(under).to_be_hidden()
