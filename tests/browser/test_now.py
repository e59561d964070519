"""The page of what happens now, with the real sandbox behind it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Server, Windows


def test_an_empty_page_teaches(server: Server, opened: Windows) -> None:
    page = opened(f"{server.url}/ui/")
    expect(page.get_by_role("heading", name="Nothing was generated yet")).to_be_visible()
    expect(page.get_by_text("tower-anime generate")).to_be_visible()


def test_a_generation_is_seen_from_its_first_step_to_its_result(
    server: Server, opened: Windows
) -> None:
    page = opened(f"{server.url}/ui/")
    wish = {"prompt": "harbour at night, lanterns", "set": {"steps": 150}, "seed": 4}
    made = server.http.post("/api/v1/generations", json=wish).json()["generation_id"]
    expect(page.locator(f"#running-{made}")).to_be_visible()
    expect(page.locator("[data-phase]")).to_contain_text("of 150")
    expect(page.locator(f"#running-{made} img[data-preview]")).to_be_visible()
    expect(page.locator(f"#card-{made}")).to_contain_text("approved")
    expect(page.locator(f"#card-{made} img")).to_have_js_property("complete", value=True)
    expect(page.locator(f"#running-{made}")).to_have_count(0)
    server.finished(made)
