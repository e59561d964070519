"""Clips from the sandbox, through its whole server, against a recorded run and ffmpeg's reader."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest

from tests.contract.sandbox_client import Client, Json, capture, client_of, labels, shape
from tower_anime.domain.graph import Graph
from tower_anime.graph.ready import READY, fit, template
from tower_anime.sandbox.catalog import Catalog
from tower_anime.sandbox.server import SandboxConfig, running

RECORDED = capture("scenario_video_wan")
CLIPS = [name for name in READY if "video" in name]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(SandboxConfig()) as url, client_of(url) as client:
        yield client


def recorded_graph() -> Json:
    text = json.dumps(RECORDED["post_prompt"]["request"]["json"]["prompt"])
    text = text.replace("tiny_wan_t2v_random", "sandbox_wan2.1_t2v_1.3B")
    return json.loads(text.replace("tiny_wan_vae_random", "sandbox_wan_2.1_vae"))


def fetched(client: Client, entry: Json, node: str, media: str = "images") -> bytes:
    (file,) = entry["outputs"][node][media]
    where = {key: file[key] for key in ("filename", "subfolder", "type")}
    return client.http.get("/view", params=where).content


def opened(data: bytes) -> tuple[Any, list[np.ndarray[Any, Any]]]:
    with av.open(io.BytesIO(data)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        stream = file.streams.video[0]
        about = {
            "codec": stream.codec_context.name,
            "pixels": stream.codec_context.pix_fmt,
            "rate": float(stream.average_rate or 0),
            "texts": dict(file.metadata),
        }
    return about, frames


def test_a_run_of_wan_is_told_and_recorded_as_by_a_real_server(client: Client) -> None:
    with client.socket("watcher") as socket:
        ident = client.post(recorded_graph(), client_id="watcher")["prompt_id"]
        told = socket.until_over()
    entry = client.http.get(f"/history/{ident}").json()[ident]
    (theirs,) = RECORDED["history"]["response"]["json"].values()
    assert shape(entry["outputs"]) == shape(theirs["outputs"])
    assert entry["outputs"]["9"] == {
        "images": [{"filename": "tiny_00001_.mp4", "subfolder": "video", "type": "output"}],
        "animated": [True],
    }
    recorded = labels(RECORDED["ws_messages"])
    for word in ("preview4", "executed:9", "executed:11"):
        found = [label for label in recorded if label.startswith(word.split(":")[0])]
        assert bool(found) == any(label in labels(told) for label in found)
    job = client.http.get(f"/api/jobs/{ident}").json()
    theirs = RECORDED["api_job"]["response"]["json"]
    assert job.keys() >= theirs.keys() - {"execution_error"}
    assert job["outputs_count"] == theirs["outputs_count"] == 2


def test_the_files_hold_their_frames_rate_and_prompt(client: Client) -> None:
    graph = recorded_graph()
    graph["9"]["inputs"]["filename_prefix"] = graph["11"]["inputs"]["filename_prefix"] = "new"
    entry = client.finish(graph, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    about, frames = opened(fetched(client, entry, "9"))
    assert about["codec"] == "h264"
    assert about["pixels"] == "yuv420p"
    assert about["rate"] == 8
    assert len(frames) == 5
    assert frames[0].shape == (128, 128, 3)
    assert json.loads(about["texts"]["prompt"]) == graph
    assert json.loads(about["texts"]["workflow"]) == {"id": "w"}
    assert about["texts"]["generator"] == "Tower Anime sandbox"
    webp = fetched(client, entry, "11")
    assert webp[8:16] == b"WEBPVP8X"
    assert b"prompt:" + json.dumps(graph)[:40].encode() in webp


def saver(class_type: str, images: str, **inputs: Any) -> Json:
    return {"class_type": class_type, "inputs": {"images": [images, 0], **inputs}}


@pytest.mark.parametrize(
    ("node", "codec", "media"),
    [
        (saver("SaveWEBM", "8", codec="vp9", fps=8.0, crf=32.0), "vp9", "images"),
        (saver("SaveWEBM", "8", codec="av1", fps=8.0, crf=32.0), "libdav1d", "images"),
        (saver("SaveAnimatedPNG", "8", fps=8.0, compress_level=4), "apng", "images"),
        (
            saver(
                "VHS_VideoCombine",
                "8",
                frame_rate=8.0,
                loop_count=0,
                format="video/h264-mp4",
                pingpong=False,
                save_output=True,
            ),
            "h264",
            "gifs",
        ),
    ],
)
def test_every_way_to_save_a_clip(client: Client, node: Json, codec: str, media: str) -> None:
    graph = recorded_graph()
    del graph["11"], graph["10"]
    node["inputs"]["filename_prefix"] = "clip"
    entry = client.finish(graph | {"9": node})
    about, frames = opened(fetched(client, entry, "9", media))
    assert about["codec"] == codec
    assert len(frames) == 5
    assert about["rate"] == pytest.approx(8)


def ready(name: str, **values: Any) -> Graph:
    """A workflow that comes along, on the sandbox's models, small and short."""
    catalog = {cls: Catalog().node(cls) for cls in Catalog().listing([])}
    graph = fit(template(name), READY[name], catalog)
    for node in graph.values():
        inputs = node["inputs"]
        for key in ("width", "height", "length", "image", "text"):
            if key in inputs and key in values and not isinstance(inputs[key], list):
                inputs[key] = values[key]
    return graph


@pytest.mark.parametrize("name", CLIPS)
def test_the_ready_workflows_give_clips_of_the_length_that_they_ask_for(
    client: Client, name: str
) -> None:
    upload = {"image": ("start.png", _picture(), "image/png")}
    client.http.post("/upload/image", files=upload)
    graph = ready(name, width=256, height=160, length=20, image="start.png", text="a girl walking")
    entry = client.finish(graph)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    about, frames = opened(fetched(client, entry, "9"))
    assert len(frames) == 17  # 4n+1 and 8n+1: what is asked in between is cut
    assert frames[0].shape == (160, 256, 3)
    assert about["rate"] == (16 if "wan" in name else 25)
    first = frames[0].astype(int)
    assert max(np.abs(frame - first).mean() for frame in frames) > 0.3
    if "image_to" in name:
        middle = first[60:100, 100:156].reshape(-1, 3).mean(axis=0)
        assert np.abs(middle - (200, 90, 40)).max() < 12  # begins with the picture


def _picture() -> bytes:
    from tower_anime.sandbox.folders import png

    picture = np.full((200, 320, 3), (200, 90, 40), np.uint8)
    picture[::20] = 20
    picture[60:140, 120:200] = (200, 90, 40)
    return png(picture, {})


def test_a_model_of_stills_refuses_a_clip_and_a_card_has_its_limit(client: Client) -> None:
    graph = recorded_graph()
    graph["3"]["inputs"]["model"] = ["4", 0]
    last = client.finish(graph)["status"]["messages"][-1]
    assert last[0] == "execution_error"
    assert "makes" not in last[1]["exception_type"]
    assert last[1]["node_id"] == "3"
    graph = recorded_graph()
    graph["5"]["inputs"] |= {"width": 1280, "height": 720, "length": 1001}
    last = client.finish(graph)["status"]["messages"][-1]
    assert last[1]["exception_type"] == "torch.OutOfMemoryError"


def test_a_truncated_clip_and_a_black_one_are_saved_like_good_ones() -> None:
    with running(SandboxConfig(faults={"truncate": 1.0})) as url, client_of(url) as client:
        entry = client.finish(recorded_graph())
        assert entry["status"]["status_str"] == "success"
        with pytest.raises(av.error.InvalidDataError):
            opened(fetched(client, entry, "9"))
    with running(SandboxConfig(faults={"black": 1.0})) as url, client_of(url) as client:
        _, frames = opened(fetched(client, client.finish(recorded_graph()), "9"))
        assert max(frame.max() for frame in frames) < 20
