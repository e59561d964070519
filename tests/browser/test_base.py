"""What all pages share: the frame, colours, login, errors, and a server that dies."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from tests.browser.conftest import Server, Windows, listening, serious_findings
from tower_anime.compose import App
from tower_anime.web.pages.shown import NAVIGATION


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "light"), pytest.param(1440, "dark", marks=pytest.mark.slow)],
)
def test_every_page_of_the_navigation_opens_without_a_serious_finding(
    server: Server, opened: Windows, width: int, scheme: str
) -> None:
    page = opened(f"{server.url}/ui/", width=width, color_scheme=scheme)
    for entry in NAVIGATION:
        page.goto(server.url + entry.path)
        expect(page.locator(f'nav a[href="{entry.path}"]')).to_have_attribute(
            "aria-current", "page"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_findings(page) == []


@pytest.mark.slow
def test_an_unknown_page_leads_back(server: Server, opened: Windows) -> None:
    page = opened(f"{server.url}/ui/no-such-page")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    assert serious_findings(page) == []
    page.get_by_role("link", name="Back to what happens now").click()
    expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    opened.expects.append("404")


@pytest.mark.slow
def test_colours_follow_the_system_until_they_are_chosen(server: Server, opened: Windows) -> None:
    page = opened(f"{server.url}/ui/", color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    toggle = page.get_by_role("button", name="Colours")
    toggle.click()
    toggle.click()
    expect(toggle).to_have_attribute("aria-label", "Colours: dark")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_no_page_carries_script_or_style_within(server: Server) -> None:
    answer = server.http.get("/ui/")
    policy = answer.headers["content-security-policy"]
    assert "'unsafe" not in policy
    assert "script-src 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text)


def test_the_login_leads_to_the_page_that_was_wanted(app: App, opened: Windows) -> None:
    guarded = app.settings.model_copy(update={"api_token": SecretStr("sesame")})
    with listening(replace(app, settings=guarded)) as server:
        page = opened(f"{server.url}/ui/nowhere")
        assert serious_findings(page) == []
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert").first).to_have_text("That is not the token.")
        page.goto(f"{server.url}/ui/")
        page.get_by_label("Token").fill("sesame")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
        page.get_by_role("button", name="Pause queue").click()
        expect(page.get_by_role("button", name="Resume queue")).to_be_visible()
        page.get_by_role("button", name="Resume queue").click()
        expect(page.get_by_role("button", name="Pause queue")).to_be_visible()
        page.context.clear_cookies()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_visible()
    opened.expects += ["401", "icon.svg"]  # asked for while the server ends


def test_a_page_says_when_its_server_dies_and_goes_on_when_it_is_back(
    app: App, opened: Windows
) -> None:
    with listening(app) as server:
        page = opened(f"{server.url}/ui/")
        expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
        port = int(server.url.rpartition(":")[2])
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    with listening(app, port=port):
        expect(page.get_by_text("The server does not answer")).to_be_hidden()
    opened.expects.append("net::ERR")


def test_a_part_of_a_page_sends_the_whole_page_to_the_login(app: App) -> None:
    guarded = app.settings.model_copy(update={"api_token": SecretStr("sesame")})
    with listening(replace(app, settings=guarded)) as server:
        answer = server.http.get("/ui/now/live", headers={"HX-Request": "true"})
        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"] == "/ui/login"
