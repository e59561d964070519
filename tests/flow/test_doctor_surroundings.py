"""`doctor` on settings, language models, Jellyfin, folders and the clock."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contract.fake_jellyfin import KEY, jellyfin
from tests.flow.command import Commands
from tower_anime.adapters.folder_library import STAGING
from tower_anime.doctor import Finding, diagnose
from tower_anime.settings import Settings, read_settings
from tower_anime.surroundings import check_clock, check_configuration, check_jellyfin, check_models

NOBODY = "http://127.0.0.1:9"


def settings_of(folder: Path, **changes: object) -> Settings:
    return read_settings(data_dir=folder / "data", library_dir=folder / "library", **changes)


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.name, one.state) for one in found]


# ---- Jellyfin ---------------------------------------------------------------------------------


def test_a_jellyfin_that_sees_the_library_is_well(tmp_path: Path) -> None:
    with jellyfin(tmp_path / "library", seen_as="/media") as fake:
        fake.libraries.append(
            {
                "Name": "Films",
                "Locations": ["/media/Movies"],
                "CollectionType": "movies",
                "ItemId": "m",
            }
        )
        settings = settings_of(
            tmp_path, jellyfin_url=fake.url, jellyfin_api_key=KEY, jellyfin_library_dir="/media"
        )
        found = list(check_jellyfin(settings))
    assert {state for _, state in states(found)} == {"ok"}
    text = " ".join(one.text for one in found)
    for word in ("Jellyfin 10.11", "takes the key", "as /media", "Movies in 'Films'", "Shows, Art"):
        assert word in text
    assert {path.name for path in (tmp_path / "library" / STAGING).iterdir()} == {".ignore"}


def test_a_library_that_it_does_not_see_is_named_with_the_setting(tmp_path: Path) -> None:
    with jellyfin(tmp_path / "library", seen_as="/media") as fake:
        settings = settings_of(tmp_path, jellyfin_url=fake.url, jellyfin_api_key=KEY)
        (problem,) = (one for one in check_jellyfin(settings) if one.state == "problem")
    assert "does not see" in problem.text
    assert "TOWER_JELLYFIN_LIBRARY_DIR" in str(problem.fix)


@pytest.mark.parametrize(
    ("trouble", "fix"),
    [(401, "TOWER_JELLYFIN_API_KEY"), (503, "wait"), (404, "base path"), (None, "start it")],
)
def test_every_trouble_of_jellyfin_has_its_fix(
    tmp_path: Path, trouble: int | None, fix: str
) -> None:
    with jellyfin(tmp_path / "library", trouble=trouble) as fake:
        url = NOBODY if trouble is None else fake.url
        settings = settings_of(tmp_path, jellyfin_url=url, jellyfin_api_key="secret key")
        (problem,) = check_jellyfin(settings)
    assert problem.state == "problem"
    assert fix in str(problem.fix)
    assert "secret key" not in problem.text


def test_a_jellyfin_without_a_key(tmp_path: Path) -> None:
    (problem,) = check_jellyfin(settings_of(tmp_path, jellyfin_url=NOBODY))
    assert (problem.state, problem.fix) == ("problem", "set TOWER_JELLYFIN_API_KEY")
    (none,) = check_jellyfin(settings_of(tmp_path))
    assert none.state == "ok"


# ---- The others -------------------------------------------------------------------------------


def test_variables_that_nothing_reads_are_named(tmp_path: Path) -> None:
    environment = {"TOWER_COMFY_URL": "x", "TOWER_QUALITY__THRESHOLD": "0.7", "PATH": "/bin"}
    (note,) = check_configuration(settings_of(tmp_path), environment)
    assert (note.state, note.fix) == ("note", "did you mean TOWER_COMFY_URLS?")
    (fine,) = check_configuration(settings_of(tmp_path), {})
    assert fine.state == "ok"


def test_language_models_that_are_not_there(tmp_path: Path) -> None:
    (rules,) = check_models(settings_of(tmp_path))
    assert rules.state == "ok"
    (away,) = check_models(settings_of(tmp_path, ollama_url=NOBODY))
    assert away.state == "problem"
    assert "TOWER_OLLAMA_URL" in str(away.fix)


def test_a_clock_that_is_behind_what_is_there(tmp_path: Path) -> None:
    (wrong,) = check_clock(settings_of(tmp_path), now=datetime(2001, 1, 1, tzinfo=UTC))
    assert wrong.state == "problem"
    assert "set the clock" in str(wrong.fix)
    (right,) = check_clock(settings_of(tmp_path))
    assert right.state == "ok"


def test_a_library_whose_drive_is_away(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path / "data", library_dir=tmp_path / "mnt" / "library")
    found = {one.name: one for one in diagnose(settings, usual_url=NOBODY)}
    assert found["library"].state == "problem"
    assert "mount" in str(found["library"].fix)
    assert not (tmp_path / "mnt").exists()
    assert {"version", "configuration", "data folder", "database", "artifacts", "ComfyUI"} <= set(
        found
    ) | {"artifacts"}
    assert {"language models", "Jellyfin", "clock"} <= set(found)


def test_settings_that_can_not_be_used_are_the_finding(tmp_path: Path) -> None:
    commands = Commands(tmp_path, TOWER_CONCURRENCY="many")
    done = commands.run("doctor", "--json")
    assert done.returncode == 1
    (finding,) = (json.loads(line) for line in done.stdout.splitlines())
    assert (finding["name"], finding["state"]) == ("configuration", "problem")
    assert "TOWER_CONCURRENCY" in finding["text"]
    assert finding["fix"]


def test_every_problem_and_note_says_what_to_do(tmp_path: Path) -> None:
    if os.geteuid() != 0:  # root may write anywhere
        (tmp_path / "library").mkdir(mode=0o500)
    settings = settings_of(tmp_path, jellyfin_url=NOBODY, jellyfin_api_key="k", ollama_url=NOBODY)
    for finding in diagnose(settings, usual_url=NOBODY):
        assert finding.state in ("ok", "note", "problem")
        assert finding.state == "ok" or finding.fix, finding
