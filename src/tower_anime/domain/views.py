"""The JSON objects of the interface, made from domain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tower_anime.domain.attempt import Attempt, Failure
from tower_anime.domain.correction import Correction
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.generation import Direction, History, Publication
from tower_anime.domain.quality import (
    Asked,
    Assessment,
    Defect,
    FrameRange,
    Measured,
    Measurement,
    Region,
)
from tower_anime.domain.request import PARAMETERS, Kind, RenderRequest
from tower_anime.domain.timeline import Timeline, timeline

View = dict[str, Any]


def generation_view(history: History) -> View:
    """Return the generation object; an attempt's `artifact` is a path on this machine."""
    generation, attempts = history.generation, history.attempts
    chosen = generation.chosen_attempt
    final = history.attempt(chosen) if chosen else (attempts[-1] if attempts else None)
    return {
        "generation_id": generation.id,
        "status": generation.status.value,
        "project": generation.brief.project,
        "prompt": generation.brief.prompt,
        "effective_prompt": final.request.prompt if final else None,
        "profile": generation.profile.name,
        "attempts": [attempt_view(attempt) for attempt in attempts],
        "chosen_attempt": chosen,
        "artifact": final.artifact.path if chosen and final and final.artifact else None,
        "sha256": final.artifact.sha256 if chosen and final and final.artifact else None,
        "published": history.publication.location if history.publication else None,
        "director": _direction_view(history.direction),
        "enhancement": _enhancement_view(history.enhancement),
        "backend": generation.backend,
        "publication": _publication_view(history.publication),
        "sampler_steps_total": sum(attempt.sampler_steps for attempt in attempts),
        "seconds": _elapsed_s(history),
        "reason": generation.reason,
        "error": _failure_view(generation.failure),
        "created_at": generation.created_at.isoformat() if generation.created_at else None,
    }


def attempt_view(attempt: Attempt) -> View:
    """Return one element of `attempts`."""
    artifact = attempt.artifact
    return {
        "number": attempt.number,
        "prompt_id": attempt.prompt_id,
        "request": request_view(attempt.request),
        "state": attempt.state.value,
        "kind": attempt.kind.value,
        **({"of": attempt.repair_of} if attempt.repair_of else {}),
        "corrections": [_correction_view(correction) for correction in attempt.corrections],
        "stopped_early_at_step": attempt.stopped_early_at_step,
        "sampler_steps": attempt.sampler_steps,
        "seconds": round(attempt.seconds, 3),
        "server": attempt.server,
        "artifact": artifact.path if artifact else None,
        "sha256": artifact.sha256 if artifact else None,
        "error": _failure_view(attempt.failure),
        "assessment": (
            assessment_view(attempt.assessment, path=artifact.path if artifact else None)
            if attempt.assessment
            else None
        ),
    }


def request_view(request: RenderRequest) -> View:
    """Return the request's parameters and prompts; a clip's alone are left out of a still's."""
    view: View = {key: getattr(request, key) for key in PARAMETERS}
    if request.kind is Kind.STILL:
        del view["frames"], view["frame_rate"]
    return {**view, "prompt": request.prompt, "negative": request.negative}


def assessment_view(assessment: Assessment, *, path: str | None) -> View:
    """Return the object of `assess`; an unreadable file has an `error` and no score."""
    view: View = {
        "path": path,
        "kind": assessment.kind,
        "width": assessment.width,
        "height": assessment.height,
        "score": None if assessment.score is None else round(assessment.score, 6),
        "verdict": assessment.verdict.value,
        "threshold": assessment.threshold,
        "defects": [_defect_view(defect) for defect in assessment.defects],
        "measurements": {
            name: _measurement_view(value) for name, value in assessment.measurements.items()
        },
        "relaxed": dict(assessment.relaxed),
        **({"asked": _asked_view(assessment.asked)} if assessment.asked else {}),
        "profile": assessment.profile,
        "assessor": assessment.assessor,
        "seconds": round(assessment.seconds, 4),
    }
    course = timeline(assessment)
    if course is not None:
        view["timeline"] = _timeline_view(course)
    if assessment.error:
        view["error"] = {"type": assessment.error.type, "message": assessment.error.message}
    return view


def _asked_view(asked: Asked) -> View:
    expected = {name: value for name, value in vars(asked.expect).items() if value}
    return {
        "prompt": asked.prompt,
        "negative": asked.negative,
        "source": asked.source,
        "words": {kind: list(words) for kind, words in asked.words.items()},
        "shares": dict(asked.shares),
        "expect": expected,
    }


def _timeline_view(course: Timeline) -> View:
    return {
        "scores": [round(score, 4) for score in course.scores],
        "stretches": [
            {
                "kind": stretch.kind,
                "severity": round(stretch.severity, 4),
                "first": stretch.frames.first,
                "last": stretch.frames.last,
                "begin_s": round(stretch.begin_s, 3),
                "end_s": round(stretch.end_s, 3),
            }
            for stretch in course.stretches
        ],
        "worst_frames": list(course.worst_frames),
    }


def _measurement_view(measurement: Measurement) -> View:
    if isinstance(measurement, Measured):
        return {"value": round(measurement.value, 6), "unit": measurement.unit}
    return {"unmeasured": measurement.reason}


def _defect_view(defect: Defect) -> View:
    return {
        "kind": defect.kind,
        "severity": round(defect.severity, 4),
        "message": defect.message,
        "measurement": defect.measurement,
        "loss": round(defect.loss, 4),
        "where": _where_view(defect.where),
    }


def _where_view(where: Region | FrameRange | None) -> Mapping[str, int] | None:
    if isinstance(where, Region):
        return {"x": where.x, "y": where.y, "width": where.width, "height": where.height}
    if isinstance(where, FrameRange):
        return {"first": where.first, "last": where.last}
    return None


def _correction_view(correction: Correction) -> View:
    change = {key: list(pair) for key, pair in correction.change.items()}
    return {"defect": correction.defect, "change": change, "reason": correction.reason}


def _direction_view(direction: Direction | None) -> View:
    if direction is None:
        return {
            "source": "none",
            "decision": "unreviewed",
            "notes": "not asked: nothing passed yet",
        }
    return {
        "source": direction.source,
        "decision": direction.decision.value,
        "notes": direction.notes,
        "issues": list(direction.issues),
        "scores": dict(direction.scores),
        "wishes": [
            {"parameter": wish.parameter, "value": wish.value, "reason": wish.reason}
            for wish in direction.wishes
        ],
    }


def _enhancement_view(enhancement: Enhancement | None) -> View | None:
    if enhancement is None:
        return None
    return {
        "source": enhancement.source,
        "additions": [
            {
                "prompt": "negative" if item.negative else "positive",
                "section": item.section,
                "words": item.words,
                "reason": item.reason,
            }
            for item in enhancement.additions
        ],
        "notes": enhancement.notes,
    }


def _publication_view(publication: Publication | None) -> View | None:
    if publication is None:
        return None
    return {
        "target": publication.target,
        "state": publication.state.value,
        "reason": publication.reason,
    }


def _failure_view(failure: Failure | None) -> View | None:
    if failure is None:
        return None
    return {"class": failure.failure_class, "message": failure.message}


def _elapsed_s(history: History) -> float | None:
    generation = history.generation
    if generation.created_at is None or generation.finished_at is None:
        return None
    return round((generation.finished_at - generation.created_at).total_seconds(), 3)
