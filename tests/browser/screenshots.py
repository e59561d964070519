"""Make the pictures of README and docs, from what the sandbox really draws.

make screenshots
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, missing, opened_app
from tests.web.conftest import Server, listening
from tower_anime.operations import operating
from tower_anime.settings import Settings

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
QUALITY = 74  # JPEG: all of them together stay below 1.5 MB

WISHES: list[dict[str, Any]] = [
    {"prompt": "1girl, rainy neon street, umbrella, city lights", "set": {"steps": 6}},
    {"prompt": "samurai on a cliff at sunset, wind, cherry petals"},
    {"prompt": "classroom in autumn light, girl at the window", "project": "Petals"},
    {"prompt": "night festival, fireworks, yukata, two friends", "set": {"steps": 7}},
    {"prompt": "snowy mountain shrine, fox spirit", "project": "Petals"},
    {"prompt": "kitchen, boy cooking, morning light", "project": "Petals", "set": {"steps": 5}},
    {"prompt": "train at night, boy asleep", "size": "512x512", "lock": ["size"]},
    {"prompt": "old library, dust, lamp light"},
    {"prompt": "harbour at dawn, lighthouse, gulls", "project": "Petals"},
    {"prompt": "girl dancing on a bridge, dusk", "kind": "clip", "duration": 2},
    {"prompt": "rooftop, thunderstorm, long coat", "size": "512x512", "lock": ["size"]},
    {"prompt": "forest spirit, lanterns, evening", "project": "Petals"},
]
PAGES = ("gallery", "projects", "analytics", "system", "new")


def _draw(server: Server) -> list[str]:
    made = []
    for number, wish in enumerate(WISHES):
        body = {"project": "Neon Rain", "seed": 11 + number, "max_attempts": 3, **wish}
        made.append(server.http.post("/api/v1/generations", json=body).json()["generation_id"])
    for one in made:
        server.finished(one, limit_s=300)
    return made


def _shoot(browser: Browser, url: str, name: str, **more: Any) -> None:
    size = more.pop("viewport", {"width": 1280, "height": 800})
    context = browser.new_context(viewport=size, **more)
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(1500)
    if name == "now":
        page.wait_for_selector("img[data-preview]")
    page.screenshot(path=TARGET / f"{name}.jpg", type="jpeg", quality=QUALITY)
    context.close()
    print(f"{name}: {(TARGET / f'{name}.jpg').stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw, then take each picture."""
    if reason := missing():
        raise SystemExit(reason)
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tower-") as folder:
        settings = Settings(
            data_dir=Path(folder), comfy_urls=(), library_dir=Path(folder) / "library"
        )
        with (
            opened_app(settings) as app,
            operating(app) as operations,
            listening(app, operations=operations) as server,
            sync_playwright() as playwright,
        ):
            made = _draw(server)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            ui = f"{server.url}/ui"
            for name in PAGES:
                _shoot(browser, f"{ui}/{name}", name)
            _shoot(browser, f"{ui}/generations/{made[0]}", "generation")
            _shoot(
                browser, f"{ui}/review?lane=approved&project=Petals", "review", color_scheme="dark"
            )
            phone = {"width": 390, "height": 780}
            _shoot(browser, f"{ui}/review?lane=approved", "phone", viewport=phone, has_touch=True)
            places = "{city|harbour|garden|street|bridge|shrine} under the moon"
            again = {"prompt": places, "count": 2, "set": {"steps": 150}}
            server.http.post("/api/v1/generations", json={**again, "project": "Neon Rain"})
            _shoot(browser, f"{ui}/", "now", color_scheme="dark")
            server.http.post("/api/v1/queue/cancel", json={"project": "Neon Rain"})
            browser.close()


if __name__ == "__main__":
    main()
