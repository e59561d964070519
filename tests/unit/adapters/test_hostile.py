"""Files that are made to hurt: each is refused in words, nothing hangs, nothing else is opened."""

from __future__ import annotations

import os
from pathlib import Path

import av
import av.error
import pytest

from tests.bench import fuzz
from tower_anime.adapters import clip_open
from tower_anime.adapters.clips import AvClips
from tower_anime.domain.quality import Assessment
from tower_anime.inspection import inspect_files, wanted_file
from tower_anime.settings import Settings

REFUSED = {
    "pixels.png": "too_large",
    "lies.png": "corrupt",
    "scans.jpg": "too_large",
    "frames.gif": "too_large",
    "loop.tiff": "truncated",
    "playlist.mp4": "not_a_video",
    "concat.mp4": "not_a_video",
    "script.png": "not_an_image",
    "vector.png": "not_an_image",
    "zeros.jpg": "not_an_image",
    "noise.webp": "truncated",
    "box.mp4": "truncated",
    "deep.avif": "truncated",
    "empty.png": "empty",
}


def assessed(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Assessment]:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    wanted = [wanted_file(tmp_path / name, prompt=None) for name in files]
    found = inspect_files(Settings(data_dir=tmp_path / "data"), wanted)
    return {path.name: assessment for path, assessment in found}


def test_hostile_files_get_an_error_and_the_rest_goes_on(tmp_path: Path) -> None:
    files = {name: data for name, data in fuzz.hostile().items() if name != "large.png"}
    found = assessed(tmp_path, files)
    assert {name: it.error.type for name, it in found.items() if it.error} == REFUSED
    assert all(it.score is None for it in found.values() if it.error)
    for name in ("text.png", "two.png", "name.jpg"):  # harmless: judged as what they show
        assert found[name].score is not None
        assert found[name].width == 64


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (found,) = inspect_files(Settings(), [wanted_file(tmp_path / "pipe.png", prompt=None)])
    assert found[1].error is not None
    assert found[1].error.type == "not_a_file"


def test_what_moves_is_told_without_decoding(tmp_path: Path) -> None:
    seeds = fuzz.seeds()
    for name, data in seeds.items():
        (tmp_path / name).write_bytes(data)
        assert AvClips().is_clip(tmp_path / name) == name.startswith("clip"), name
    (tmp_path / "still.mp4").write_bytes(seeds["still.jpg"])  # the content counts, not the name
    assert not AvClips().is_clip(tmp_path / "still.mp4")


def test_frames_never_get_larger_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(fuzz.seeds()["clip.mp4"])
    monkeypatch.setitem(clip_open._OPTIONS, "max_pixels", "100")
    container = clip_open.open_container(path)  # as when a stream grows after its header
    with container, pytest.raises(av.error.FFmpegError):
        list(container.decode(video=0))


@pytest.mark.slow
def test_mutated_files_never_crash(tmp_path: Path) -> None:
    files = dict(fuzz.files(300, seed=7))
    files.pop("large.png")
    assert len(assessed(tmp_path, files)) == len(files)
