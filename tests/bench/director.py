"""What a question to a model costs beside the model's own time (it answers at once here).

A review follows the measuring of its picture, as in the pipeline, or (`unseen`) a restart.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests import samples
from tests.contract.scripted_llm import Asked, Said, ScriptedLlm, filled, serving
from tests.flow.rig import open_rig, png
from tower_anime.adapters.llm import OllamaChat
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.recent_media import RecentMedia
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.conversation import Role
from tower_anime.domain.family import SDXL
from tower_anime.domain.quality import Verdict
from tower_anime.pipeline.director import CreativeDirector

CALLS = 30
MODELS = {Role.PROMPT_ENHANCEMENT: "llama3.1:8b", Role.VISION_REVIEW: ""}


def answer(asked: Asked) -> Said:
    """Fill the schema; for prompts with one usable addition."""
    schema: Any = asked.schema
    wanted = [{"section": "light", "words": "soft glow", "reason": "mood"}]
    return Said(json.dumps(filled(schema, additions=wanted)))


def measure() -> dict[str, float]:
    """Return medians in milliseconds of preparing a prompt and reviewing a 1024² picture."""
    with tempfile.TemporaryDirectory() as folder, serving(ScriptedLlm()) as llm:
        llm.otherwise = answer
        rig = open_rig(Path(folder))
        chat = OllamaChat(llm.url, num_ctx=8192)
        media = RecentMedia(OpenCvMedia())
        director = CreativeDirector(
            chats=(chat,), models=MODELS, media=media, productions=rig.store
        )
        picture = Path(folder) / "picture.png"
        picture.write_bytes(png(1, good=True))
        times: dict[str, list[float]] = {
            "prepare_ms": [],
            "review_ms": [],
            "review_unseen_ms": [],
        }
        for _ in range(CALLS):
            media.decode_still(picture)
            _measure_once(director, rig.add(samples.brief()), picture, times)
        chat.close()
        rig.store.close()
    return {name: statistics.median(found[3:]) for name, found in times.items()}


def _measure_once(
    director: CreativeDirector, generation_id: str, picture: Path, times: dict[str, list[float]]
) -> None:
    brief = samples.brief()
    attempt = Attempt(
        generation_id=generation_id,
        number=1,
        prompt_id="p",
        request=samples.request(),
        assessment=samples.assessment(Verdict.PASS),
    )
    began_s = time.perf_counter()
    director.prepare(brief, family=SDXL, generation_id=generation_id)
    asked_s = time.perf_counter()
    director.review(brief, attempt, picture, family=SDXL)
    reviewed_s = time.perf_counter()
    director.review(brief, attempt, picture, family=SDXL)
    times["prepare_ms"].append((asked_s - began_s) * 1000)
    times["review_ms"].append((reviewed_s - asked_s) * 1000)
    times["review_unseen_ms"].append((time.perf_counter() - reviewed_s) * 1000)


if __name__ == "__main__":
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    print(started, {name: round(value, 1) for name, value in measure().items()})
