"""Pages in Debian's Chromium, driven by Playwright, against a whole server of our own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.web.conftest import Server, listening, server
from tower_anime.compose import App, open_app
from tower_anime.settings import Settings
from tower_anime.web.pages.shown import VENDOR

__all__ = ["Server", "listening", "server"]

expect.set_options(timeout=20_000)  # the machine may be busy

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing() -> str | None:
    """Say what pages can't be tested without, and what adds it."""
    if CHROMIUM is None:
        return "no Chromium; on Debian: apt install chromium"
    if not (VENDOR / "htmx.min.js").exists() or not AXE.exists():
        return "the browser's libraries are not there; make web"
    return None


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder: Path = tmp_path_factory.mktemp("data")
    with opened_app(Settings(data_dir=folder, comfy_urls=(), library_dir=folder / "library")) as it:
        yield it


@contextlib.contextmanager
def opened_app(settings: Settings) -> Iterator[App]:
    """Open the product in a thread of its own: Playwright's keeps an event loop running."""
    product = open_app(settings, role="test", keeps_house=True)
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(product.__enter__).result()
        thread.submit(product.__exit__, None, None, None).result()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if reason := missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


class Windows:
    """Windows of one test; whatever their consoles say fails it, but for what it `expects`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.expects: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, url: str, *, width: int = 1440, height: int = 900, **more: Any) -> Page:
        size = ViewportSize(width=width, height=height)
        self._contexts.append(self._browser.new_context(viewport=size, **more))
        page = self._contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def unexpected(self) -> list[str]:
        return [one for one in self.complaints if not any(word in one for word in self.expects)]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Windows]:
    """Open addresses, each in a window of its own."""
    windows = Windows(browser)
    yield windows
    windows.close()
    assert windows.unexpected() == []


def serious_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, with the places."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
