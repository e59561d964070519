"""What the pages take in Chromium over a database as `tests.bench.crowd` makes it.

    python -m tests.bench.crowd FOLDER
    python -m tests.bench.dashboard FOLDER [--lane approved]

Prints for the gallery how long its first view takes in a browser that has nothing cached (until
every picture on the screen is there) and what it weighs without pictures, then for the review desk
how long a key takes to the frame that shows the next picture, and the heap after 500 decisions.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, Response, sync_playwright

from tests.bench.service import serving
from tests.browser.conftest import CHROMIUM, FLAGS

VIEWS, REVIEWED = 5, 500
_ON_SCREEN = """() => [...document.images].filter(
  (one) => one.getBoundingClientRect().top < innerHeight).every((one) => one.complete)"""
_KEY = """async (key) => {
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const shown = document.querySelector('#canvas > *');
  return [performance.now() - began, Boolean(shown?.complete ?? shown)];
}"""


def first_view(browser: Browser, url: str) -> tuple[float, float]:
    """Return the seconds to a whole first screen, and the kB of all that is no picture."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()

    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it marks it
    began_s = time.perf_counter()
    page.goto(f"{url}/ui/gallery", wait_until="domcontentloaded")
    page.wait_for_selector("#cards img")
    while not page.evaluate(_ON_SCREEN):
        page.wait_for_timeout(10)
    took_s = time.perf_counter() - began_s
    page.wait_for_timeout(500)
    weights = [
        answer.request.sizes()["responseBodySize"]
        for answer in answers
        if answer.request.resource_type not in ("image", "eventsource")
    ]
    context.close()
    return took_s, sum(weights) / 1000


def reviewing(page: Page, session: CDPSession, url: str, lane: str) -> None:
    """Decide on many and print what keys and memory did."""
    page.goto(f"{url}/ui/review?lane={lane}")
    page.wait_for_selector("#canvas > *")
    page.wait_for_timeout(1000)
    took_ms: list[float] = []
    late = 0
    for number in range(REVIEWED):
        ms, is_there = page.evaluate(_KEY, "ra"[number % 2])
        took_ms.append(ms)
        late += not is_there
        page.wait_for_timeout(120)
    took_ms.sort()
    print(
        f"key to the next picture: median {statistics.median(took_ms):.0f} ms, "
        f"p95 {took_ms[int(0.95 * len(took_ms))]:.0f} ms, most {took_ms[-1]:.0f} ms; "
        f"not loaded before: {late} of {REVIEWED}"
    )
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    (used,) = [one["value"] for one in metrics if one["name"] == "JSHeapUsedSize"]
    left = page.locator("#place").text_content()
    print(f"heap after {REVIEWED}: {used / 1e6:.1f} MB ({left})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lane", default="approved")
    given = parser.parse_args()
    with serving(given.folder) as (url, _), sync_playwright() as playwright:
        for number in range(VIEWS):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            took_s, weight_kb = first_view(browser, url)
            browser.close()
            print(
                f"gallery, cold {number + 1}: {took_s:.2f} s, {weight_kb:.0f} kB without pictures"
            )
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        reviewing(page, session, url, given.lane)
        browser.close()


if __name__ == "__main__":
    main()
