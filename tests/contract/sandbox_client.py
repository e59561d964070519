"""A bare client for the sandbox's protocol tests, and the shapes they compare."""

from __future__ import annotations

import contextlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from tower_anime.sandbox.models import CHECKPOINTS

CAPTURES = Path(__file__).parents[1] / "captures"
MODELS = {
    "tiny_sd3_random.safetensors": "sandbox_anime_15.safetensors",
    "sd15_shaped_random.safetensors": "sandbox_anime_xl.safetensors",
}
# the two checkpoints of the recorded server as a list, in JSON or in a message
_LIST = (
    r"\[\s*{quote}sd15_shaped_random.safetensors{quote},"
    r"\s*{quote}tiny_sd3_random.safetensors{quote}\s*\]"
)
Json = Any


def capture(name: str) -> Json:
    """Read a capture with the sandbox's model names in the place of the recorded ones."""
    text = (CAPTURES / f"{name}.json").read_text("utf-8")
    text = re.sub(_LIST.format(quote='"'), json.dumps(list(CHECKPOINTS)), text)
    text = re.sub(_LIST.format(quote="'"), str(list(CHECKPOINTS)), text)
    for recorded, ours in MODELS.items():
        text = text.replace(recorded, ours)
    return json.loads(text)


@dataclass(frozen=True)
class Socket:
    """An open WebSocket of one client id."""

    connection: ClientConnection
    client_id: str

    def receive(self) -> Json:
        """Return the next message; previews as {"binary", "metadata", "image"}."""
        message = self.connection.recv(timeout=10)
        if isinstance(message, str):
            return json.loads(message)
        (kind,) = struct.unpack(">I", message[:4])
        if kind == 1:
            return {
                "binary": 1,
                "format": struct.unpack(">I", message[4:8])[0],
                "image": message[8:],
            }
        (length,) = struct.unpack(">I", message[4:8])
        return {
            "binary": kind,
            "metadata": json.loads(message[8 : 8 + length]),
            "image": message[8 + length :],
        }

    def until_over(self) -> list[Json]:
        """Return all messages up to `executing{node: null}`."""
        messages = []
        while True:
            message = self.receive()
            messages.append(message)
            if message.get("type") == "executing" and message["data"]["node"] is None:
                return messages

    def until(self, kind: str) -> list[Json]:
        """Return all messages up to the first of a type."""
        messages = [self.receive()]
        while messages[-1].get("type") != kind:
            messages.append(self.receive())
        return messages


@dataclass(frozen=True)
class Client:
    """HTTP and WebSocket access to one server."""

    http: httpx2.Client
    url: str

    @contextlib.contextmanager
    def socket(self, client_id: str = "test", *, flags: bool = True) -> Iterator[Socket]:
        """Open a WebSocket; the greeting is still to be received."""
        address = f"{self.url.replace('http', 'ws', 1)}/ws?clientId={client_id}"
        with connect(address, max_size=None) as connection:
            if flags:
                data = {"supports_preview_metadata": True}
                connection.send(json.dumps({"type": "feature_flags", "data": data}))
            yield Socket(connection, client_id)

    def post(self, prompt: Json, **more: Json) -> Json:
        """Submit a prompt that must be accepted."""
        answer = self.http.post("/prompt", json={"prompt": prompt, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def finish(self, prompt: Json, **more: Json) -> Json:
        """Submit a prompt, wait for its end and return its history entry."""
        with self.socket("finisher", flags=False) as socket:
            prompt_id = self.post(prompt, client_id="finisher", **more)["prompt_id"]
            socket.until_over()
        return self.http.get(f"/history/{prompt_id}").json()[prompt_id]


@contextlib.contextmanager
def client_of(url: str) -> Iterator[Client]:
    """Yield a client of a server."""
    with httpx2.Client(base_url=url, timeout=10) as http:
        yield Client(http, url)


def shape(value: Json) -> Json:
    """Return keys and types only; lists by their first element."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def labels(messages: list[Json]) -> list[str]:
    """Return one word per message: its type and node. Recorded previews are read alike."""
    return [_label(message.get("message", message)) for message in messages]


def _label(message: Json) -> str:
    if "binary" in message:
        return f"preview{message.get('event_type', message['binary'])}"
    data = message["data"]
    if message["type"] == "progress_state":
        states = [f"{node}:{state['state']}" for node, state in data["nodes"].items()]
        return f"progress_state {' '.join(states)}"
    if message["type"] == "status":
        return f"status {data['status']['exec_info']['queue_remaining']}"
    if message["type"] == "execution_cached":
        return f"execution_cached {data['nodes']}"
    return f"{message['type']} {data.get('node', '')}".strip()


def sampler_graph(*, seed: int = 1, prefix: str = "t", size: int = 64, **settings: Json) -> Json:
    """Return a plain text-to-image graph."""
    inputs = {"steps": 3, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal"} | settings
    links = {
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["7", 0],
        "latent_image": ["5", 0],
    }
    return {
        "3": {
            "class_type": "KSampler",
            "inputs": {"seed": seed, "denoise": 1.0, **inputs, **links},
        },
        "4": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "sandbox_anime_15.safetensors"},
        },
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": size, "height": size, "batch_size": 1},
        },
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "1girl", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": prefix}},
    }
