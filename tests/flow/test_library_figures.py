"""Two hundred titles as files: read back by a scanner, well-formed beside, clean inside."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import guessit
import pytest

from tests import samples
from tests.postgres import missing
from tests.unit.release.test_names import random_titles
from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.clip_frame import jpeg_frame
from tower_anime.adapters.clips import AvClips
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.domain.generation import new_generation_id
from tower_anime.domain.release import Art, EpisodePlace
from tower_anime.domain.request import Kind
from tower_anime.errors import PlaceTaken
from tower_anime.release.clips import clip_release

TITLES = 200


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None or shutil.which("ffprobe") is None:
        missing("no ffmpeg: on Debian `apt install ffmpeg`")
    folder = tmp_path_factory.mktemp("film")
    raw, final = folder / "raw.mkv", folder / "final.mp4"
    source = "testsrc2=size=320x180:rate=24:duration=1"
    subprocess.run([str(ffmpeg), "-v", "error", "-f", "lavfi", "-i", source, str(raw)], check=True)
    AvClips().make_deliverable(raw, final)
    return final


def probed(file: Path) -> dict[str, object]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    video: dict[str, object] = next(
        one for one in json.loads(done.stdout)["streams"] if one["codec_type"] == "video"
    )
    return video


@pytest.mark.slow
def test_two_hundred_titles_in_a_library(tmp_path: Path, film: Path) -> None:
    blobs, library = FileBlobs(tmp_path / "blobs"), FolderLibrary(tmp_path / "library")
    artifact = blobs.put(film.read_bytes(), media_type="video/mp4")
    thumb = jpeg_frame(film, 0.3, 640)
    written = []
    for number, title in enumerate(random_titles(TITLES, 2026)):
        prompt = title.strip() or "untitled"
        place = EpisodePlace(
            series=prompt, year=2026, season=1 + number % 3, number=1 + number % 40, title=prompt
        )
        generation = replace(
            samples.generation(brief=replace(samples.brief(), prompt=prompt, kind=Kind.CLIP)),
            id=new_generation_id(),
        )
        attempt = replace(samples.attempt(artifact=artifact), generation_id=generation.id)
        for take in range(1, TITLES):
            release = clip_release(
                generation,
                attempt,
                place=place if number % 2 else None,
                take=take,
                art=Art(thumb=thumb, poster=thumb, fanart=thumb),
            )
            try:
                written.append(library.publish(release, blobs.path(artifact)))
            except PlaceTaken:
                continue
            break
    places = {str(one.location) for one in written}
    assert len(places) == TITLES
    for index, file in enumerate(Path(place) for place in sorted(places)):
        found = guessit.guessit(str(file.relative_to(tmp_path / "library")))
        series = file.parents[1].name if found["type"] == "episode" else file.parent.name
        assert series == f"{found['title']} ({found['year']})", file
        root = ET.parse(file.with_suffix(".nfo")).getroot()
        assert root.findtext("title")
        assert root.find("plot") is None or root.findtext("plot")
        if found["type"] == "episode":
            said = (root.findtext("season"), root.findtext("episode"))
            assert said == (str(found["season"]), str(found["episode"])), file
        if index % 10 == 0:  # all of them have the same bytes
            stream = probed(file)
            assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
