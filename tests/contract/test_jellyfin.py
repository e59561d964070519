"""Publishing to Jellyfin: what it is asked, what it must show, what it may do to us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.contract.fake_jellyfin import DEBOUNCE_S, KEY, FakeJellyfin, jellyfin
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.adapters.jellyfin import REMIND_EVERY_S, JellyfinLibrary
from tower_anime.adapters.jellyfin_http import JellyfinServer, authorization
from tower_anime.adapters.jellyfin_messages import is_below, same_path, server_path
from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import MediaServerTrouble

DATA = b"an approved film"
SHA = hashlib.sha256(DATA).hexdigest()
VERSIONS = ("10.10.7", "10.11.2", "12.0")


def a_film(name: str = "Rain", generation_id: str = "g1") -> Release:
    stem = f"{name} (2026)"
    return Release(
        generation_id=generation_id,
        artifact_sha256=SHA,
        relative_path=f"Movies/{stem}/{stem}.mp4",
        companions={
            f"{stem}.nfo": f"<movie><title>{name}!</title><id>{generation_id}</id></movie>"
        },
        numbered=False,
    )


def a_picture() -> Release:
    return Release(
        generation_id="g2",
        artifact_sha256=SHA,
        relative_path="Sandbox/Art/Tower/A girl.png",
        companions={"A girl.json": '{"generation_id": "g2"}'},
    )


class Stage:
    """A library folder, a server that shows it, and our side of it, all on one clock."""

    def __init__(
        self, fake: FakeJellyfin, source: Path, key: str = KEY, timeout_s: float = 30.0
    ) -> None:
        self.fake = fake
        self.source = source
        self.server = JellyfinServer(fake.url, key, timeout_s=timeout_s)
        self.now_s = 0.0
        self.library = self.restarted()

    def restarted(self) -> JellyfinLibrary:
        """Return what a new process of ours would work with."""
        return JellyfinLibrary(
            files=FolderLibrary(self.fake.host),
            server=self.server,
            folder=self.fake.host,
            seen_as=self.fake.seen_as,
            clock=lambda: self.now_s,
        )

    def later(self, seconds: float) -> None:
        self.now_s += seconds
        self.fake.later(seconds)

    def publish(self, release: Release | None = None) -> Publication:
        written = self.library.publish(release or a_film(), self.source)
        return self.library.verify(written, sha256=SHA)

    def verified_after(self, publication: Publication, seconds: float, *, every: float) -> bool:
        """Ask again and again, as `serve` does."""
        passed = 0.0
        while passed < seconds:
            if self.library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED:
                return True
            self.later(every)
            passed += every
        return False


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp4"
    path.write_bytes(DATA)
    return path


@contextmanager
def a_stage(
    tmp_path: Path, source: Path, *, key: str = KEY, timeout_s: float = 30.0, **options: Any
) -> Iterator[Stage]:
    with jellyfin(tmp_path / "library", **options) as fake:
        stage = Stage(fake, source, key, timeout_s)
        with closing(stage.server):
            yield stage


@pytest.fixture(params=VERSIONS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, source: Path) -> Iterator[Stage]:
    with a_stage(tmp_path, source, version=request.param) as found:
        yield found


# ---- The good case, in every version ----------------------------------------------------------


def test_a_film_is_verified_once_it_is_shown_under_its_path_and_title(stage: Stage) -> None:
    first = stage.publish()  # a new library is scanned at once
    assert (first.target, first.state, first.reason) == (
        "jellyfin",
        PublicationState.VERIFIED,
        None,
    )
    publication = stage.publish(a_film("Snow", "g3"))
    assert publication.state is PublicationState.UNVERIFIED
    assert "does not show" in str(publication.reason)
    stage.later(DEBOUNCE_S)
    found = stage.library.verify(publication, sha256=SHA)
    assert (found.state, found.reason) == (PublicationState.VERIFIED, None)
    assert stage.fake.titles() == ["Rain!", "Snow!"]
    (made,) = stage.fake.libraries
    assert (made["Name"], made["CollectionType"]) == ("Tower Anime Movies", "movies")


def test_a_picture_of_the_sandbox_has_a_library_of_its_own(stage: Stage) -> None:
    publication = stage.publish(a_picture())
    stage.later(DEBOUNCE_S)
    assert stage.library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED
    (made,) = stage.fake.libraries
    assert made["Name"] == "Tower Anime Sandbox Art"
    assert made["Locations"] == [f"{stage.fake.seen_as}/Sandbox/Art"]


def test_publishing_again_shows_it_once(stage: Stage) -> None:
    first = stage.publish()
    stage.later(DEBOUNCE_S)
    assert replace(stage.publish(), reason=None) == replace(
        first, state=PublicationState.VERIFIED, reason=None
    )
    stage.later(DEBOUNCE_S)
    assert stage.fake.titles() == ["Rain!"]
    assert len(stage.fake.libraries) == 1


def test_what_is_withdrawn_is_no_longer_shown(stage: Stage) -> None:
    publication = stage.publish()
    stage.later(DEBOUNCE_S)
    assert stage.library.withdraw(publication).state is PublicationState.WITHDRAWN
    stage.later(DEBOUNCE_S)
    assert stage.fake.titles() == []


# ---- The same folder by two names -------------------------------------------------------------


@pytest.mark.parametrize("seen_as", ["/media/anime", "D:\\Media\\Anime", "\\\\nas\\anime"])
def test_the_server_sees_the_folder_elsewhere(tmp_path: Path, source: Path, seen_as: str) -> None:
    with a_stage(tmp_path, source, seen_as=seen_as) as stage:
        publication = stage.publish()
        stage.later(DEBOUNCE_S)
        assert stage.library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED
        assert all(path.startswith(seen_as) for path in stage.fake.items)


def test_a_folder_that_the_server_does_not_see_is_named(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source, seen_as="/media/anime") as stage:
        stage.library.seen_as = str(tmp_path / "library")
        publication = stage.publish()
        assert publication.state is PublicationState.UNVERIFIED
        assert "TOWER_JELLYFIN_LIBRARY_DIR" in str(publication.reason)
        stage.library.seen_as = "/media/anime"
        assert stage.verified_after(publication, 300, every=20)


def test_paths_of_servers() -> None:
    assert same_path("D:\\Media\\A.mp4", "d:/media/a.mp4")
    assert not same_path("/media/A.mp4", "/media/a.mp4")
    assert is_below("/media/anime/Movies", "/media/anime/")
    assert not is_below("/media/anime2", "/media/anime")
    assert server_path("D:\\Media", Path("Movies/A")) == "D:\\Media\\Movies\\A"  # type: ignore[arg-type]


# ---- Libraries --------------------------------------------------------------------------------


def test_a_library_is_found_by_its_folder_whatever_it_is_called(stage: Stage) -> None:
    publication = stage.publish()
    stage.fake.libraries[0]["Name"] = "Anime, renamed"
    stage.later(DEBOUNCE_S)
    assert stage.library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED
    stage.publish(a_film("Snow", "g3"))
    assert len(stage.fake.libraries) == 1


def test_a_library_that_shows_something_else_is_left_alone(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source) as stage:
        shows = {
            "Name": "Shows",
            "Locations": [stage.fake.seen_as],
            "CollectionType": "tvshows",
            "ItemId": "s",
        }
        stage.fake.libraries.append(shows)
        stage.publish()
        assert [one["CollectionType"] for one in stage.fake.libraries] == ["tvshows", "movies"]


def test_a_library_that_somebody_deleted_is_made_again(stage: Stage) -> None:
    publication = stage.publish()
    stage.fake.libraries.clear()
    stage.fake.items.clear()
    reason = stage.library.verify(publication, sha256=SHA).reason
    assert "no library" in str(reason)
    assert stage.verified_after(publication, 300, every=20)


# ---- What it must be --------------------------------------------------------------------------


def test_a_wrong_title_is_unverified_and_mended_by_a_refresh(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source, reads_nfo=False) as stage:
        publication = stage.publish()
        stage.later(DEBOUNCE_S)
        found = stage.library.verify(publication, sha256=SHA)
        assert found.state is PublicationState.UNVERIFIED
        assert "'Rain (2026)' instead of 'Rain!'" in str(found.reason)
        stage.fake.reads_nfo = True
        assert stage.verified_after(publication, 300, every=61)


def test_what_does_not_play_directly_is_unverified_with_the_reason(
    tmp_path: Path, source: Path
) -> None:
    with a_stage(tmp_path, source, plays_directly=False) as stage:
        publication = stage.publish()
        stage.later(DEBOUNCE_S)
        found = stage.library.verify(publication, sha256=SHA)
        assert found.state is PublicationState.UNVERIFIED
        assert "VideoProfileNotSupported" in str(found.reason)


def test_what_has_no_streams_yet_is_unverified(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source, shows_streams=False) as stage:
        publication = stage.publish()
        stage.later(DEBOUNCE_S)
        assert "stream" in str(stage.library.verify(publication, sha256=SHA).reason)


def test_a_file_that_is_gone_is_pending_whatever_the_server_shows(stage: Stage) -> None:
    publication = stage.publish()
    stage.later(DEBOUNCE_S)
    Path(str(publication.location)).unlink()
    assert stage.library.verify(publication, sha256=SHA).state is PublicationState.PENDING


# ---- Troubles ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (401, "refuses the key"),
        (403, "lacks the right"),
        (404, "does not know"),
        (500, "answers 500"),
        (503, "still starting"),
    ],
)
def test_a_server_in_trouble_costs_only_time(
    tmp_path: Path, source: Path, trouble: int, words: str
) -> None:
    with a_stage(tmp_path, source, trouble=trouble) as stage:
        publication = stage.publish()
        assert publication.state is PublicationState.UNVERIFIED
        assert words in str(publication.reason)
        assert Path(str(publication.location)).read_bytes() == DATA
        assert stage.library.is_refused() == (trouble in (401, 403))
        stage.fake.trouble = None
        assert stage.verified_after(publication, 600, every=20)
        assert stage.fake.titles() == ["Rain!"]


def test_a_server_that_is_down_or_hangs_costs_only_time(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source, down=True) as stage:
        publication = stage.publish()
        assert "can't be reached" in str(publication.reason)
        stage.fake.down, stage.fake.hangs_s = False, 1.0
        with closing(JellyfinServer(stage.fake.url, KEY, timeout_s=0.2)) as impatient:
            library = replace(stage.library, server=impatient)
            reason = library.verify(publication, sha256=SHA).reason
        assert "did not answer within 0.2 s" in str(reason)
        stage.fake.hangs_s = 0.0
        assert stage.verified_after(publication, 600, every=20)


def test_a_wrong_key_is_refused_and_named_nowhere(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source, key="wrong secret") as stage:
        reason = str(stage.publish().reason)
        assert "refuses the key" in reason
        assert "secret" not in reason


def test_what_a_restart_made_the_server_forget_is_told_again(stage: Stage) -> None:
    publication = stage.publish()
    stage.fake.forget()
    stage.fake.items.clear()
    assert stage.verified_after(publication, REMIND_EVERY_S + DEBOUNCE_S + 60, every=10)


def test_a_server_that_forgets_everything_it_is_told_is_made_to_scan(stage: Stage) -> None:
    stage.publish()
    stage.later(1000)
    publication = stage.publish(a_film("Snow", "g3"))
    for _ in range(60):
        stage.fake.forget()
        if stage.verified_after(publication, 10, every=10):
            break
    assert "Snow!" in stage.fake.titles()


def test_reminders_never_keep_the_server_waiting_for_ever(stage: Stage) -> None:
    publication = stage.publish()
    asked = 0
    while stage.library.verify(publication, sha256=SHA).state is not PublicationState.VERIFIED:
        stage.later(5)
        asked += 1
        assert asked < 20
    assert stage.fake.calls.count("POST /Library/Media/Updated") == 1


def test_a_night_of_trouble_loses_nothing_and_shows_nothing_twice(
    tmp_path: Path, source: Path
) -> None:
    """Down for minutes, slow, restarting, forgetting; our process restarts, too."""
    with a_stage(tmp_path, source) as stage:
        published = []
        for number in range(12):
            fake = stage.fake
            fake.down, fake.trouble = number % 4 == 1, (503 if number % 4 == 2 else None)
            published.append(stage.publish(a_film(f"Film {'abcdefghijkl'[number]}", f"g{number}")))
            stage.later(30)
            if number % 4 == 3:
                fake.forget()
                stage.library = stage.restarted()
        stage.fake.down, stage.fake.trouble = False, None
        assert all(stage.verified_after(one, 900, every=15) for one in published)
        assert len(stage.fake.titles()) == len(set(stage.fake.titles())) == 12
        assert len(stage.fake.libraries) == 1


def test_something_else_at_the_address_is_named(tmp_path: Path, source: Path) -> None:
    with a_stage(tmp_path, source) as stage, closing(JellyfinServer(stage.fake.url, KEY)) as server:
        with pytest.raises(MediaServerTrouble, match="base path"):
            server.get("/nothing/here")
        assert server.public_info()["Version"] == "10.11"


# ---- The fake is as strict as the server ------------------------------------------------------


def test_the_newest_version_refuses_the_older_ways_to_give_the_key(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    for version, status in (("10.11", 200), ("12.0", 401)):
        with jellyfin(tmp_path / "library", version=version) as fake:
            for headers, query in (
                ({"X-Emby-Token": KEY}, {}),
                ({"X-MediaBrowser-Token": KEY}, {}),
                ({}, {"api_key": KEY}),
            ):
                url = f"{fake.url}/System/Info"
                answer = httpx2.get(url, headers=headers, params=query, trust_env=False)
                assert answer.status_code == status
            modern = httpx2.get(
                f"{fake.url}/System/Info",
                headers={"Authorization": authorization(KEY)},
                trust_env=False,
            )
            assert modern.status_code == 200


def test_the_fake_refuses_fields_that_jellyfin_does_not_have(tmp_path: Path) -> None:
    with jellyfin(tmp_path) as fake, closing(JellyfinServer(fake.url, KEY)) as server:
        with pytest.raises(MediaServerTrouble, match="answers 400"):
            server.post("/Library/Media/Updated", {"Updates": [{"Pfad": "/a"}]})
        assert "Updates.Pfad" in fake.bad_requests.pop()
