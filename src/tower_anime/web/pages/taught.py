"""What the learning page draws: each chart with the table behind it, from what was learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tower_anime.domain.figures import Beginning
from tower_anime.domain.intervals import wilson
from tower_anime.lessons import Lesson
from tower_anime.teachings import ProjectStyle, has_moved
from tower_anime.web.pages.charts import MOST_BARS, Chart, Row, intervals, rounded

MOST_WORDS = 12  # bars; the table has more


def begun(beginnings: Sequence[Beginning]) -> Chart:
    """Return what the first requests took from earlier outcomes, and whether that helped."""
    changed: dict[str, int] = {}
    for one in beginnings:
        for name in one.learned:
            changed[name] = changed.get(name, 0) + 1
    judged = {True: [0, 0], False: [0, 0]}
    for one in beginnings:
        if one.passed is not None:
            judged[bool(one.learned)][0] += one.passed
            judged[bool(one.learned)][1] += 1
    rows: list[Row] = [
        {
            "first requests": name,
            "judged": number,
            "passed at once": passed,
            "share": rounded(passed / number) if number else None,
            "from": rounded(wilson(passed, number)[0]) if number else None,
            "to": rounded(wilson(passed, number)[1]) if number else None,
        }
        for name, (passed, number) in (
            ("with learned values", judged[True]),
            ("as the rules have it", judged[False]),
        )
    ]
    parts = ", ".join(f"{name} in {n}" for name, n in sorted(changed.items(), key=lambda i: -i[1]))
    used = sum(bool(one.learned) for one in beginnings)
    told = f"Of the newest {len(beginnings)} generations learned values began {used}: {parts}."
    bars = [
        (str(r["first requests"]), r["share"], r["from"], r["to"])
        for r in rows
        if r["share"] is not None
    ]
    return Chart(
        key="learned",
        title="What it changed in requests",
        note=told if changed else "Nothing learned was used yet: it takes some dozen outcomes.",
        spec=intervals(bars, percent=True, zero=False) if beginnings else {},
        rows=rows if beginnings else (),
    )


def uplift(views: Sequence[Row]) -> Chart:
    """Return how much oftener a change mends a defect than a plain new seed."""
    compared = [v for v in views if v["uplift"] is not None]
    found = [
        (f"{v['defect']}: {v['change']}".replace("_", " "), v["uplift"], v["low"], v["high"])
        for v in compared[:MOST_BARS]
    ]
    return Chart(
        key="uplift",
        title="Corrections against a plain new seed",
        note=(
            "Difference of the shares that were mended, drawn by lot, with its 95 % interval; a "
            "change whose interval lies below zero is given up."
            if found
            else "On real servers one correction in five gives way to a plain new seed, to compare."
        ),
        spec=intervals(found) if found else {},
        rows=[
            {
                "defect": v["defect"].replace("_", " "),
                "change": v["change"],
                "family": v["family"],
                "tried": v["tries"],
                "mended": v["fixed"],
                "new seeds": v["compared"],
                "mended by them": v["compared_fixed"],
                "uplift": rounded(v["uplift"]),
                "from": rounded(v["low"]),
                "to": rounded(v["high"]),
                "given up": "yes" if v["retired"] else "no",
            }
            for v in views
        ],
    )


def lessons(found: Sequence[Lesson]) -> Chart:
    """Return what is known of each checkpoint: a table without a picture."""
    rows = [
        {
            "checkpoint": one.checkpoint or "(the workflow’s)",
            "family": one.family,
            "attempts": one.attempts,
            "passed": one.passed,
            **{name: one.usual.get(name) for name in ("steps", "cfg", "sampler", "scheduler")},
        }
        for one in found
    ]
    return Chart(
        key="lessons",
        title="What passes, by checkpoint",
        note="The commonest parameters of what passed, over all that was made.",
        rows=rows,
        wide=True,
    )


def words(told: Sequence[Mapping[str, Any]]) -> Chart:
    """Return which words in prompts raise the score, and which lower it."""
    found = [
        {**lift, "family": one["family"], "said": _said(lift)}
        for one in told
        for lift in one["words"]
    ]
    shown = sorted(found, key=lambda one: (not _is_certain(one), -abs(one["lift"])))[:MOST_WORDS]
    return Chart(
        key="words",
        title="Words that change the score",
        note=_of_words(found, sum(one["compared"] for one in told)),
        spec=intervals([(one["said"], one["lift"], one["low"], one["high"]) for one in shown])
        if shown
        else {},
        rows=[
            {
                "word": one["said"],
                "score": rounded(one["lift"]),
                "from": rounded(one["low"]),
                "to": rounded(one["high"]),
                "sure": "helps" if one["sure"] else "harms" if one["high"] < 0 else "no",
                "is added": "yes" if one["may_be_added"] else "no",
                "with it": one["present"],
                "without": one["absent"],
                "passes": f"{one['passing'] * 100:+.0f} %",
                "defects": ", ".join(
                    f"{kind.replace('_', ' ')} {by * 100:+.0f} %"
                    for kind, by in one["defects"].items()
                ),
                "family": one["family"],
            }
            for one in found
        ],
        wide=True,
    )


def _is_certain(lift: Mapping[str, Any]) -> bool:
    return bool(lift["sure"] or lift["high"] < 0)


def _said(lift: Mapping[str, Any]) -> str:
    said = " + ".join(lift["words"])
    return f"without {said}" if lift["negative"] else said


def _of_words(found: Sequence[Mapping[str, Any]], compared: int) -> str:
    if not found:
        return "A word is compared once five first attempts had it and five had not."
    raises = sum(one["sure"] for one in found)
    lowers = sum(one["high"] < 0 for one in found)
    return (
        f"{compared} compared, alone and in pairs: {raises or 'none'} surely raise the score, "
        f"{lowers or 'none'} surely lower it. Each is the difference of scores with and without; "
        "its interval is wide enough for all that was compared at once. What surely raises the "
        "score and says how something is drawn is added to prompts, at most three at a time."
    )


_WIDTH, _HEIGHT = 100.0, 56.0  # of the reliability diagram, in units of its own


def people(told: Mapping[str, Mapping[str, Any]]) -> Iterator[Chart]:
    """Yield the reliability diagram of each profile on which people decided, with the sentences."""
    if not told:
        yield Chart(
            key="people",
            title="What people approve, by score",
            note="Your decisions in the review desk teach where the bar should be.",
            wide=True,
        )
    for profile, known in told.items():
        yield Chart(
            key=f"people-{profile}",
            title=f"What people approve, by score: {profile}",
            lines=known["says"],
            wide=True,
            spec=_reliability(known) if known["reliability"] else {},
            rows=[
                {
                    "score from": rounded(one["above"]),
                    "to": rounded(one["below"]),
                    "decisions": one["decisions"],
                    "approved": one["approved"],
                    "share": rounded(one["share"]),
                    "low": rounded(one["low"]),
                    "high": rounded(one["high"]),
                    "expected": rounded(one["expected"]),
                }
                for one in known["reliability"]
            ],
        )


def _reliability(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return shares of approvals over the score, from the lower left, as places in a drawing."""

    def across(score01: float) -> float:
        return round(_WIDTH * score01, 2)

    def up(share01: float) -> float:
        return round(_HEIGHT * (1.0 - share01), 2)

    rows = known["reliability"]
    middles = [across((one["above"] + one["below"]) / 2) for one in rows]
    expected = (f"{x},{up(row['expected'])}" for x, row in zip(middles, rows, strict=True))
    bars = [{"name": "the profile’s bar", "at": known["threshold"], "kind": "old"}]
    is_told = known["bar"] is not None
    if is_told:
        bars.append({"name": "yours", "at": known["bar"], "kind": "new"})
    return {
        "kind": "reliability",
        "width": _WIDTH,
        "height": _HEIGHT,
        "dots": [
            {"x": x, "y": up(r["share"]), "low": up(r["low"]), "high": up(r["high"]), "of": r}
            for x, r in zip(middles, rows, strict=True)
        ],
        "expected": " ".join(expected),
        "bars": [{**bar, "x": across(bar["at"])} for bar in bars],
        "reach": [across(known["low"]), across(known["high"])] if is_told else None,
    }


def styles(found: Sequence[ProjectStyle]) -> Chart:
    """Return which projects have a style of their own: a table without a picture."""
    return Chart(
        key="styles",
        title="Styles of projects",
        note="What is approved defines a project’s style, and what is drawn otherwise is told. "
        "“Newest off it”: the share of the ten approved last that is off the style of those "
        "before.",
        rows=[
            {
                "project": one.project,
                "checkpoint": one.checkpoint or "(the workflow’s)",
                "approved": one.pictures,
                "needed": one.needed,
                "newest off it": None if one.moved is None else f"{one.moved * 100:.0f} %",
                "state": _state(one),
            }
            for one in found
        ],
        wide=True,
    )


def _state(one: ProjectStyle) -> str:
    if one.style is None:
        missing = max(0, one.needed - one.pictures)
        return f"{missing} more are needed" if missing else "its pictures can’t be opened"
    return "it moved" if one.moved is not None and has_moved(one.moved) else "known"


def drift(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> Chart:
    """Return what changed so that older outcomes count less, in words and as a table."""
    found = [(family, one) for family, shifts in told.items() for one in shifts]
    return Chart(
        key="drift",
        title="What changed on the way",
        note="After a change of model, server or results older outcomes count less.",
        lines=[f"{family}: {one['says']}" for family, one in found],
        rows=[
            {
                "family": family,
                "what": one["kind"],
                "subject": one["subject"],
                "before outcome": one["position"],
                "older count": one["weight"],
            }
            for family, one in found
        ],
        wide=True,
    )
