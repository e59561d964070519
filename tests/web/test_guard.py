"""Who may call, from a browser and from programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import NoReturn, cast

import httpx2
import pytest
from pydantic import SecretStr

from tests.web.conftest import Server, listening
from tower_anime.adapters.store.store import SqlStore
from tower_anime.compose import App
from tower_anime.web import guard
from tower_anime.web.guard import COOKIE, CSRF_HEADER, Sessions, Tries

TOKEN = "hush-hush"


@pytest.fixture(scope="module")
def closed(app: App) -> Iterator[Server]:
    settings = app.settings.model_copy(update={"api_token": SecretStr(TOKEN)})
    with listening(replace(app, settings=settings)) as server:
        yield server


def browser(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, timeout=30)


def test_only_health_login_and_its_files_are_open(closed: Server) -> None:
    get = closed.http.get
    for path in ("/health", "/ui/login", "/static/tower.css"):
        assert get(path).status_code == 200
    for path in ("/api/v1/generations", "/openapi.json", "/metrics", "/api/v1/nope"):
        answer = get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/ui/", "/ui/generations/x"):
        answer = get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/ui/login?next=")


def test_a_browser_logs_in_and_out(closed: Server) -> None:
    with browser(closed) as http:
        page = http.post("/ui/login", data={"token": TOKEN, "next": "/ui/"})
        cookie = page.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert TOKEN not in cookie
        shown = http.get("/ui/")
        word = shown.text.partition('name="csrf" content="')[2].partition('"')[0]
        assert shown.status_code == 200
        assert http.get("/api/v1/generations").status_code == 200
        url = "/api/v1/queue/resume"
        assert http.post(url).status_code == 403
        assert http.post(url, headers={CSRF_HEADER: word}).status_code == 200
        foreign = {CSRF_HEADER: word, "Origin": "http://evil.example"}
        assert http.post(url, headers=foreign).status_code == 403
        kept = http.cookies[COOKIE]
        assert http.post("/ui/logout", data={"csrf": word}).status_code == 303
        http.cookies.set(COOKIE, kept)
        assert http.get("/api/v1/generations").status_code == 401


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/ui/", "/ui/\\evil"])
def test_a_login_leads_only_to_our_pages(closed: Server, target: str) -> None:
    with browser(closed) as http:
        answer = http.post("/ui/login", data={"token": TOKEN, "next": target})
        assert answer.headers["location"] == "/ui/"


def test_a_wrong_token_is_refused_and_logged(
    closed: Server, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = closed.http.get("/api/v1/queue", headers={"Authorization": "Bearer nope"})
    assert wrong.status_code == 401
    with browser(closed) as http:
        page = http.post("/ui/login", data={"token": "nope"})
    assert page.status_code == 401
    assert "That is not the token" in page.text
    assert "a wrong token from 127.0.0.1" in caplog.text
    assert "nope" not in caplog.text
    foreign = closed.http.post(
        "/ui/login", data={"token": TOKEN}, headers={"Origin": "http://evil.example"}
    )
    assert foreign.status_code == 403


def test_each_further_failure_is_answered_later_and_forgotten_in_time() -> None:
    now_s = [0.0]
    tries = Tries(now=lambda: now_s[0])
    delays = [tries.count("a") for _ in range(10)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (guard.FIRST_DELAY_S, guard.LONGEST_DELAY_S)
    assert tries.count("b") == guard.FIRST_DELAY_S
    now_s[0] = guard.FORGIVEN_AFTER_S + 1
    assert tries.count("a") == guard.FIRST_DELAY_S
    tries.forgive("a")
    assert tries.count("a") == guard.FIRST_DELAY_S


def test_sessions_end_and_can_not_be_made_up() -> None:
    now_s = [1000.0]
    sessions = Sessions(b"key", last_s=60.0, now=lambda: now_s[0])
    cookie = sessions.open()
    assert sessions.is_open(cookie)
    assert not Sessions(b"other", last_s=60.0, now=lambda: now_s[0]).is_open(cookie)
    for made_up in ("", "x", "1.2", cookie[:-1], f"9{cookie}", cookie.replace(".", "x"), "ü.ö.é"):
        assert not sessions.is_open(made_up)
    now_s[0] += 61
    assert not sessions.is_open(cookie)


def test_a_page_of_another_port_of_this_machine_is_another_site(server: Server) -> None:
    for origin in ("http://127.0.0.1:1", "http://localhost:3000", "null"):
        answer = server.http.post("/api/v1/queue/resume", headers={"Origin": origin})
        assert answer.status_code == 403
    assert (
        server.http.post("/api/v1/queue/resume", headers={"Origin": server.url}).status_code == 200
    )
    crossed = server.http.post("/api/v1/queue/resume", headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403


def test_named_sites_may_call(app: App) -> None:
    origin = "https://app.example"
    http = app.settings.http.model_copy(update={"cors_origins": (origin,)})
    open_to = replace(app, settings=app.settings.model_copy(update={"http": http}))
    with listening(open_to) as server:
        asked = server.http.options(
            "/api/v1/queue/resume",
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
        assert asked.headers["access-control-allow-origin"] == origin
        called = server.http.post("/api/v1/queue/resume", headers={"Origin": origin})
        assert called.status_code == 200
        other = server.http.get("/health", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_too_many_calls_are_asked_to_wait(app: App) -> None:
    http = app.settings.http.model_copy(update={"calls_per_s": 2.0})
    with listening(replace(app, settings=app.settings.model_copy(update={"http": http}))) as server:
        codes = [server.http.get("/static/tower.css").status_code for _ in range(12)]
        assert codes[0] == 200
        assert 429 in codes


def test_an_unknown_page_leads_back(server: Server) -> None:
    page = server.http.get("/ui/nope")
    assert page.status_code == 404
    assert 'href="/ui/"' in page.text
    assert server.http.get("/nope").json() == {"detail": "Not Found"}


def test_the_login_leads_back_to_the_page_as_it_was_asked_for(closed: Server) -> None:
    wanted = "/ui/gallery?status=approved&text=a%26b"
    led = closed.http.get(wanted).headers["location"]
    with browser(closed) as http:
        assert unescape(http.get(led).text).count(f'value="{wanted}"') == 1
    part = {"HX-Request": "true", "HX-Current-URL": f"{closed.url}{wanted}"}
    assert closed.http.get("/ui/now/live", headers=part).headers["hx-redirect"] == led
    broken = {"HX-Request": "true", "HX-Current-URL": "http://["}
    assert closed.http.get("/ui/now/live", headers=broken).headers["hx-redirect"] == "/ui/login"


def test_what_nobody_foresaw_is_an_error_like_others(app: App) -> None:
    class Broken:
        def __getattr__(self, name: str) -> NoReturn:
            raise RuntimeError(f"a bug in {name}")

    with listening(replace(app, store=cast("SqlStore", Broken()))) as server:
        answer = server.http.get("/api/v1/generations/x")
        page = server.http.get("/ui/gallery")
        figures = server.http.get("/metrics")
    assert (answer.status_code, page.status_code) == (500, 500)
    assert set(answer.json()) == {"detail"}
    assert "a bug" not in answer.text + page.text
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/ui/"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert figures.status_code == 500
