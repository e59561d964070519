"""What the learning page draws of what was learned."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from tests import samples
from tests.bench.teachings import told
from tower_anime.domain.direction import Addition, Enhancement
from tower_anime.domain.generation import Event, History
from tower_anime.domain.lesson import Decided
from tower_anime.domain.quality import Profile
from tower_anime.learn.people import calibrate
from tower_anime.learn.words import lifts
from tower_anime.teachings import Vocabulary
from tower_anime.web.pages import taught
from tower_anime.web.pages.generation import learned_in


def test_words_that_help_and_that_harm_stand_before_the_others() -> None:
    lot, cases = np.random.default_rng(3), []
    for n in range(200):
        words = [word for word in ("glow", "haze", "cat", "tree") if lot.random() < 0.5] or ["1boy"]
        by = 0.1 * ("glow" in words) - 0.1 * ("haze" in words)
        cases.append(told(n, words, lot.normal(0.6, 0.05) + by))
    known = Vocabulary(backend="comfyui", family="sdxl", outcomes=200, words=lifts(cases))
    chart = taught.words([known.view()])
    signs = [line["sign"] for line in chart.spec["lines"]]
    assert {"good", "bad", "soft"} <= set(signs)
    assert "soft" not in signs[: signs.index("soft")]
    assert signs == sorted(signs, key=lambda sign: sign == "soft")
    assert f"{len(known.words)} compared" in chart.note
    assert [row["sure"] for row in chart.rows if row["word"] == "haze"] == ["harms"]
    assert taught.words([]).rows == []


def test_a_reliability_diagram_has_both_bars_and_the_shares() -> None:
    scores = np.random.default_rng(1).uniform(0, 1, 120)
    known = calibrate([Decided(float(s), bool(s >= 0.55)) for s in scores], threshold=0.7)
    (chart,) = taught.people({"still": asdict(known)})
    old, new = chart.spec["bars"]
    assert (old["at"], old["x"]) == (0.7, 70.0)
    assert new["at"] == known.bar
    assert chart.spec["reach"][0] < new["x"] < chart.spec["reach"][1]
    heights = [dot["y"] for dot in chart.spec["dots"]]
    assert (heights[0], heights[-1]) == (chart.spec["height"], 0.0)
    assert any(line.startswith("of ") and "you rejected" in line for line in chart.lines)
    (empty,) = taught.people({})
    assert (empty.rows, empty.spec) == ((), {})


def test_a_generation_says_what_learning_changed_in_it() -> None:
    enhancement = Enhancement(
        source="rules",
        prompt="1girl, glow, masterpiece",
        negative="blurry",
        additions=(
            Addition(section="style", words="masterpiece", reason="quality", negative=False),
            Addition(section="light", words="glow", reason="learned: it helps", negative=False),
            Addition(section="style", words="blurry", reason="learned: avoid it", negative=True),
        ),
        drawn={"glow": True, "-blurry": True, "haze": False},
    )
    profile = Profile(name="still", threshold=0.62, version="2026.11+40 decisions")
    made = samples.generation(profile=profile)
    history = History(generation=made, attempts=(samples.attempt(),), enhancement=enhancement)
    origins = {"steps": "learned from 60 outcomes", "cfg": "family", "sampler": "explored"}
    first = samples.attempt().request
    assert list(
        learned_in(
            history, [Event(kind="planned", generation_id=made.id, data={"origins": origins})]
        )
    ) == [
        (f"steps {first.steps}", "learned from 60 outcomes"),
        (f"sampler {first.sampler}", "tried, to find out"),
        ("glow", "it helps"),
        ("without blurry", "avoid it"),
        ("haze", "left out by lot, to compare"),
        ("score 0.62 needed", "from 40 decisions of people"),
    ]
