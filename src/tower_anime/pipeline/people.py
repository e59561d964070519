"""What people decided moves the bar of a profile, as far as that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tower_anime.assess import judge
from tower_anime.domain.lesson import Calibration, Decided, PersonsWord
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.learn.people import calibrate
from tower_anime.ports import Judged


def calibration(judged: Judged, profile: Profile, *, sandbox: bool) -> Calibration:
    """Return how people's decisions relate to the score of a profile."""
    words = judged.persons_words(sandbox=sandbox, profile=profile.name)
    return calibrate(tuple(_decided(words, profile)), threshold=profile.threshold)


def calibrated(judged: Judged, profile: Profile, *, sandbox: bool) -> Profile:
    """Return a profile with the bar that people's decisions ask for; its version says so."""
    found = calibration(judged, profile, sandbox=sandbox)
    if found.bar is None:
        return profile
    return replace(
        profile,
        threshold=found.applied,
        review_below=found.review_below,
        version="+".join(filter(None, (profile.version, f"{found.decisions} decisions"))),
    )


def _decided(words: Sequence[PersonsWord], profile: Profile) -> Iterable[Decided]:
    for word in words:
        score = _score(word.assessment, profile)
        if score is not None:
            yield Decided(score, word.approved)


def _score(assessment: Assessment, profile: Profile) -> float | None:
    """Return the score that today's judgement gives to what was measured then."""
    if assessment.assessor == judge.ASSESSOR:
        return assessment.score
    if assessment.kind != "image":
        return None  # a clip's frames are not kept as numbers
    return judge.judge(
        assessment.measurements,
        kind=assessment.kind,
        width=assessment.width,
        height=assessment.height,
        profile=profile,
        relaxed=assessment.relaxed,
    ).score
