"""Sound from the sandbox, through its whole server, as the product's own ear hears it."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contract.sandbox_client import Client, client_of
from tower_anime.adapters.clip_sound import listen
from tower_anime.domain.clip import SoundTrack
from tower_anime.sandbox.server import SandboxConfig, running

MODEL = "sandbox_ltx2_19b_distilled.safetensors"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(SandboxConfig()) as url, client_of(url) as client:
        yield client


def node(class_type: str, **inputs: Any) -> Any:
    return {"class_type": class_type, "inputs": inputs}


def graph(
    *, cfg: float = 1.0, text: str = "a girl sings, room, static camera", volume: int = 0
) -> Any:
    """A clip of 25 frames with the sound that its model makes, so many decibels louder."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=MODEL),
        "2": node("CLIPTextEncode", clip=["1", 1], text=text),
        "3": node("LTXVAudioVAELoader", ckpt_name=MODEL),
        "4": node("EmptyLTXVLatentVideo", width=64, height=64, length=25, batch_size=1),
        "5": node(
            "LTXVEmptyLatentAudio",
            frames_number=25,
            frame_rate=24,
            batch_size=1,
            audio_vae=["3", 0],
        ),
        "6": node("LTXVConcatAVLatent", video_latent=["4", 0], audio_latent=["5", 0]),
        "7": node(
            "KSampler",
            model=["1", 0],
            seed=4,
            steps=8,
            cfg=cfg,
            sampler_name="euler",
            scheduler="simple",
            positive=["2", 0],
            negative=["2", 0],
            latent_image=["6", 0],
            denoise=1.0,
        ),
        "8": node("LTXVSeparateAVLatent", av_latent=["7", 0]),
        "9": node("VAEDecode", samples=["8", 0], vae=["1", 2]),
        "10": node("LTXVAudioVAEDecode", samples=["8", 1], audio_vae=["3", 0]),
        "11": node("AudioAdjustVolume", audio=["10", 0], volume=volume),
        "12": node("CreateVideo", images=["9", 0], fps=24.0, audio=["11", 0]),
        "13": node(
            "SaveVideo", video=["12", 0], filename_prefix="sung", format="mp4", codec="h264"
        ),
    }


def heard(client: Client, graph: Any, folder: Path) -> SoundTrack:
    entry = client.finish(graph)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    (file,) = entry["outputs"]["13"]["images"]
    path = folder / "sung.mp4"
    path.write_bytes(client.http.get("/view", params=file).content)
    track = listen(path)
    assert track is not None
    return track


def level(track: SoundTrack) -> float:
    assert track.loudness_lufs is not None
    return track.loudness_lufs


def test_a_clip_sounds_as_long_as_it_lasts_and_as_loud_as_is_asked(
    client: Client, tmp_path: Path
) -> None:
    usual = heard(client, graph(), tmp_path)
    assert usual.duration_s == pytest.approx(25 / 24, abs=0.05)
    assert -23 < level(usual) < -7
    quieter = heard(client, graph(volume=-12), tmp_path)
    assert level(quieter) == pytest.approx(level(usual) - 12, abs=0.5)
    whispered = heard(client, graph(text="a girl whispers, room, static camera"), tmp_path)
    assert level(whispered) < level(usual) - 8


def test_too_much_guidance_drives_sound_into_its_limits(client: Client, tmp_path: Path) -> None:
    burnt = heard(client, graph(cfg=8.0), tmp_path)
    assert burnt.clipped_share > 0
    assert burnt.true_peak_dbtp is not None
    assert burnt.true_peak_dbtp > 0


def test_words_can_ask_for_silence(client: Client, tmp_path: Path) -> None:
    silent = heard(client, graph(text="no humans, room, no sound"), tmp_path)
    assert silent.loudness_lufs is None
    assert silent.silent_s == pytest.approx(silent.duration_s, abs=0.1)


def test_an_uploaded_sound_is_offered_cut_and_laid_under_a_clip(
    client: Client, tmp_path: Path
) -> None:
    upload = {"image": ("tone.wav", tone(seconds=1.5), "audio/wav")}
    client.http.post("/upload/image", files=upload)
    offered = client.http.get("/object_info/LoadAudio").json()["LoadAudio"]["input"]["required"]
    assert offered["audio"][1]["options"] == ["tone.wav"]
    images = client.http.get("/object_info/LoadImage").json()["LoadImage"]["input"]["required"]
    assert "tone.wav" not in images["image"][0]
    own = graph() | {
        "14": node("LoadAudio", audio="tone.wav"),
        "15": node("TrimAudioDuration", audio=["14", 0], start_index=-0.5, duration=2.0),
        "16": node("AudioConcat", audio1=["15", 0], audio2=["15", 0], direction="after"),
    }
    own["12"]["inputs"]["audio"] = ["15", 0]
    assert heard(client, own, tmp_path).duration_s == pytest.approx(0.5, abs=0.05)
    own["12"]["inputs"]["audio"] = ["16", 0]
    assert heard(client, own, tmp_path).duration_s == pytest.approx(1.0, abs=0.05)
    own["14"]["inputs"]["audio"] = "missing.wav"
    refused = client.http.post("/prompt", json={"prompt": own}).json()
    assert "Invalid audio file: missing.wav" in str(refused["node_errors"])


def tone(*, seconds: float) -> bytes:
    samples = 9000 * np.sin(np.arange(int(seconds * 44100)) * 0.05)
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(samples.astype("<i2").tobytes())
    return data.getvalue()
