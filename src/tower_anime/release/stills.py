"""Where an approved still goes in a library, and the words beside it."""

from __future__ import annotations

import json

from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import Generation
from tower_anime.domain.release import ART, SANDBOX_FOLDER, Release
from tower_anime.domain.views import request_view
from tower_anime.release.names import file_name

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
}


def still_release(
    generation: Generation, attempt: Attempt, *, replaces: tuple[str, ...] = ()
) -> Release:
    """Return how an approved still is released: `Art/Project/Title [id].png` and a JSON beside it.

    What a sandbox drew goes below `Sandbox/`, never among real work.
    """
    artifact = attempt.artifact
    assert artifact is not None
    name = f"{file_name(generation.brief.prompt)} [{generation.id[:8]}]"
    folder = f"{ART}/{file_name(generation.brief.project)}"
    if attempt.backend == "sandbox":
        folder = f"{SANDBOX_FOLDER}/{folder}"
    suffix = _SUFFIXES.get(artifact.media_type, ".bin")
    return Release(
        generation_id=generation.id,
        artifact_sha256=artifact.sha256,
        relative_path=f"{folder}/{name}{suffix}",
        companions={f"{name}.json": _metadata(generation, attempt)},
        replaces=replaces,
    )


def _metadata(generation: Generation, attempt: Attempt) -> str:
    assessment = attempt.assessment
    facts = {
        "generation_id": generation.id,
        "project": generation.brief.project,
        "prompt": generation.brief.prompt,
        "effective_prompt": attempt.request.prompt,
        "negative": attempt.request.negative,
        "request": request_view(attempt.request),
        "attempt": attempt.number,
        "score": assessment.score if assessment else None,
        "profile": assessment.profile if assessment else None,
        "assessor": assessment.assessor if assessment else None,
        "backend": attempt.backend,
        "sha256": attempt.artifact.sha256 if attempt.artifact else None,
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
