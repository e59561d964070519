"""Settings: precedence, refusals, and a reference page that is complete."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from tower_anime.errors import BadInput
from tower_anime.settings import FILE_NAME, Settings, current_settings, read_settings

REFERENCE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_line_beats_the_environment_beats_the_files(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / FILE_NAME).write_text('concurrency = 2\ncomfy_urls = ["http://file:1"]\n')
    assert read_settings().concurrency == 2
    (elsewhere / ".env").write_text("TOWER_CONCURRENCY=3\n")
    assert read_settings().concurrency == 3
    monkeypatch.setenv("TOWER_CONCURRENCY", "5")
    assert read_settings().concurrency == 5
    assert read_settings(concurrency=6).concurrency == 6
    assert read_settings().comfy_urls == ("http://file:1",)


def test_servers_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWER_COMFY_URLS", "http://a:1/, https://b")
    assert read_settings().comfy_urls == ("http://a:1", "https://b")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TOWER_QUALITY__THRESHOLD", "1.5", "TOWER_QUALITY__THRESHOLD"),
        ("TOWER_CONCURRENCY", "none", "TOWER_CONCURRENCY"),
        ("TOWER_COMFY_URLS", "localhost:8188", "looks like http://"),
        ("TOWER_COMFY_HEADERS", '{"X Y": "z"}', "HTTP can't carry"),
        ("TOWER_MODEL_FAMILIES", '{"a*": "sdx"}', "there are: sdxl"),
    ],
)
def test_a_wrong_value_is_named(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=words):
        read_settings()


def test_a_broken_file_is_named(elsewhere: Path) -> None:
    (elsewhere / FILE_NAME).write_text("concurrency = = 2")
    with pytest.raises(BadInput, match="can't be read"):
        read_settings()


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWER_API_TOKEN", "hush-hush")
    monkeypatch.setenv("TOWER_COMFY_HEADERS", '{"X-Api-Key": "hush-hush"}')
    assert read_settings().comfy_headers["X-Api-Key"].get_secret_value() == "hush-hush"
    assert "hush-hush" not in repr(read_settings())
    assert "hush-hush" not in read_settings().model_dump_json()


def test_the_reference_page_names_every_setting() -> None:
    page = REFERENCE.read_text()
    for name, field in Settings.model_fields.items():
        group = getattr(Settings(), name)
        inner = type(group).model_fields if isinstance(group, BaseModel) else {"": field}
        for part, described in inner.items():
            assert f"`TOWER_{'__'.join(filter(None, (name, part))).upper()}`" in page
            assert described.description
            assert described.description in page


def test_the_settings_in_force_follow_their_sources(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current_settings()
    assert current_settings() is before
    for number in (2, 3, 41):
        (elsewhere / FILE_NAME).write_text(f"concurrency = {number}\n")
        assert current_settings().concurrency == number
    monkeypatch.setenv("TOWER_CONCURRENCY", "5")
    assert current_settings().concurrency == 5
