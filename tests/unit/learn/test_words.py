"""Words: true effects are found, chance is not, and the system never believes itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests import samples
from tests.unit.learn.test_effects import outcome
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import WordLift
from tower_anime.learn.prompts import likeness, nearest, tokens
from tower_anime.learn.words import ADDED_SHARE, choose_avoided, choose_words, lifts

SPREAD = 0.08


def told(n: int, words: Sequence[str], score: float, negative: str = "") -> Outcome:
    score = float(np.clip(score, 0, 1))
    request = samples.request(prompt=", ".join(words), negative=negative)
    return outcome(1, f"g{n}", request=request, passed=score >= 0.7, score=score)


def planted(seed: int, *, n: int = 60, lift: float = 0.1, others: int = 50) -> list[Outcome]:
    """Prompts of eight words drawn at random, half of them with a word that matters."""
    rng = np.random.default_rng(seed)
    half = rng.permutation([True, False] * (n // 2))
    found = []
    for at, has in enumerate(half):
        words = [f"word{k}" for k in rng.choice(others, 8, replace=False)]
        score = rng.normal(0.6, SPREAD) + lift * has
        found.append(told(at, [*words, "soft light"] if has else words, score))
    return found


def of(found: Sequence[WordLift], *words: str) -> WordLift | None:
    return next((lift for lift in found if lift.words == words), None)


def test_a_true_effect_is_found_within_60_outcomes() -> None:
    found = [of(lifts(planted(seed)), "soft light") for seed in range(20)]
    assert sum(lift is not None and lift.sure for lift in found) >= 18
    lifted = [lift.lift for lift in found if lift]
    assert abs(np.mean(lifted) - 0.1) < 0.02


def test_a_harmful_word_is_told_as_one() -> None:
    lift = of(lifts(planted(1, lift=-0.15)), "soft light")
    assert lift is not None
    assert (lift.high < 0, lift.sure, lift.helps) == (True, False, 0.0)


def test_what_was_lucky_three_times_of_three_is_no_finding() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        usual = [told(n, ["a", f"word{n % 7}"], rng.normal(0.5, SPREAD)) for n in range(197)]
        lucky = [told(200 + n, ["a", "lucky"], 0.95) for n in range(3)]
        found = lifts([*usual, *lucky])
        assert of(found, "lucky") is None
        assert not any(lift.sure for lift in found)


def test_null_words_are_not_suggested() -> None:
    """The figure of 20 seeds is `tests/bench/words`; a few seeds of it here."""
    wrong = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        cases = [
            told(
                n, [f"word{k}" for k in rng.choice(1000, 40, replace=False)], rng.normal(0.65, 0.1)
            )
            for n in range(200)
        ]
        found = lifts(cases)
        assert len(found) > 500
        wrong += sum(lift.sure for lift in found)
    assert wrong <= 1


def test_a_word_beside_one_that_matters_borrows_nothing() -> None:
    """In 85 % of the prompts both or neither; but words that never part can't be told apart."""
    for apart, believed in ((0.15, 0), (0.0, 20)):
        found = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            cases = [
                replace(one, request=replace(one.request, prompt=f"{one.request.prompt}, beside"))
                if ("soft light" in one.request.prompt) != (rng.random() < apart)
                else one
                for one in planted(seed, n=100)
            ]
            lifted = lifts(cases)
            matters, beside = of(lifted, "soft light"), of(lifted, "beside")
            assert matters is not None
            assert matters.sure
            found += beside is not None and beside.sure
        assert abs(found - believed) <= 3


def test_the_parameters_share_is_taken_from_the_score() -> None:
    """Who says a word and always takes more steps, or pixels, has not found a good word."""
    for better, worse in (({"steps": 40}, {"steps": 10}), ({"width": 1024}, {"width": 512})):
        rng = np.random.default_rng(3)
        cases = []
        for n in range(120):
            many = n % 2 == 0
            words = ["1girl", "sharp"] if many and n % 8 else ["1girl"]
            one = told(n, words, (0.8 if many else 0.4) + rng.normal(0, 0.05))
            request = one.request.changed(**(better if many else worse))
            cases.append(replace(one, request=request))
        lift = of(lifts(cases), "sharp")
        assert lift is not None
        assert not lift.sure
        assert abs(lift.lift) < 0.05


def test_what_the_system_added_counts_only_where_a_lot_decided() -> None:
    """A word added on good days by rule is no evidence; the same word drawn by lot is."""
    rng = np.random.default_rng(0)
    by_rule = []
    for n in range(80):
        good = n >= 40  # the second half is better for another reason
        one = told(n, ["1girl", "glow"] if good else ["1girl"], 0.5 + 0.3 * good)
        by_rule.append(replace(one, added=("glow",) if good else ()))
    assert of(lifts(by_rule), "glow") is None
    drawn = []
    for n in range(80):
        here = bool(rng.random() < 0.5)
        one = told(
            n, ["1girl", "glow"] if here else ["1girl"], rng.normal(0.6, SPREAD) + 0.15 * here
        )
        drawn.append(replace(one, drawn={"glow": here}))
    lift = of(lifts([*by_rule, *drawn]), "glow")
    assert lift is not None
    assert (lift.by_lot, lift.sure) == (True, True)
    assert lift.present + lift.absent == 80


def test_two_words_together_are_compared_with_one_of_them() -> None:
    rng = np.random.default_rng(5)
    cases = []
    for n in range(160):
        has = (bool(rng.random() < 0.5), bool(rng.random() < 0.5))
        words = ["x", *(name for name, here in zip(("ink", "wash"), has, strict=True) if here)]
        cases.append(told(n, words, rng.normal(0.5, SPREAD) + 0.2 * all(has)))
    pair = of(lifts(cases), "ink", "wash")
    assert pair is not None
    assert pair.sure
    assert abs(pair.lift - 0.2) < 0.06


def test_two_words_of_which_one_helps_are_no_pair() -> None:
    """Together they are better than one of them on average: that is the one that helps."""
    names, believed = ("glow", "haze", "cat", "tree", "sea"), list[tuple[str, ...]]()
    for seed in range(10):
        rng = np.random.default_rng(seed)
        said = [[word for word in names if rng.random() < 0.5] or ["1boy"] for _ in range(240)]
        scores = [rng.normal(0.6, 0.08) + 0.1 * ("glow" in words) for words in said]
        cases = [
            told(n, words, score) for n, (words, score) in enumerate(zip(said, scores, strict=True))
        ]
        believed += [lift.words for lift in lifts(cases) if lift.sure]
    assert believed.count(("glow",)) == 10
    assert len(believed) <= 11


def test_negative_prompts_are_learned_likewise_and_only_first_attempts_count() -> None:
    rng = np.random.default_rng(6)
    cases = []
    for n in range(80):
        here = n % 2 == 0
        score = rng.normal(0.55, SPREAD) + 0.15 * here
        cases.append(told(n, ["1girl", f"w{n % 5}"], score, "watermark" if here else ""))
    lift = of(lifts(cases, negative=True), "watermark")
    assert lift is not None
    assert lift.sure
    assert lifts([replace(one, number=2) for one in cases], negative=True) == ()
    avoided = choose_avoided([lift], negative="", allowed=lambda _: True, lot=lambda _: 0.1)
    assert avoided.added == ("watermark",)
    assert choose_avoided([lift], negative="", allowed=lambda _: False, lot=lambda _: 0).drawn == {}


def test_old_evidence_counts_for_less() -> None:
    cases = planted(2, n=100)
    full = of(lifts(cases), "soft light")
    faded = of(lifts(cases, weights=[0.02] * 80 + [1.0] * 20), "soft light")
    assert full is not None
    assert faded is not None
    assert faded.high - faded.low > full.high - full.low


def test_no_history_and_constant_scores_say_nothing() -> None:
    assert lifts([]) == ()
    same = [told(n, ["a"] if n % 2 else ["b"], 0.5) for n in range(40)]
    assert not any(lift.sure or lift.high < 0 for lift in lifts(same))


# ---- choosing ---------------------------------------------------------------------------------


def sure(word: str) -> WordLift:
    return WordLift(
        words=(word,), negative=False, present=30, absent=30, lift=0.1, low=0.05, high=0.15,
        helps=0.99, passing=0.2,
    )  # fmt: skip


def test_sure_words_are_added_mostly_and_never_against_the_request() -> None:
    known = [sure(word) for word in ("a", "b", "c", "d", "said")]
    chosen = choose_words(
        known, prompt="said, 1girl", allowed=lambda w: w != "b", passing=0.95, lot=lambda _: 0.5
    )
    assert chosen.drawn == {"a": True, "c": True, "d": True}
    left = choose_words(
        known, prompt="", allowed=lambda _: True, passing=0.95, lot=lambda _: ADDED_SHARE
    )
    assert left.added == ()
    assert len(left.drawn) == 3


def test_half_of_a_pair_is_no_reason_to_add_it() -> None:
    pair = WordLift(**{**vars(sure("ink")), "words": ("ink", "castle")})
    for prompt, added in (("1girl", {}), ("1girl, castle", {"ink": True})):
        chosen = choose_words(
            [pair], prompt=prompt, allowed=lambda w: w == "ink", passing=0.95, lot=lambda _: 0.5
        )
        assert chosen.drawn == added


def test_a_word_is_tried_only_where_pictures_fail() -> None:
    pool, lot = ("crisp",), {"try a word": 0.1, "draw crisp": 0.9}

    def tried(passing: float) -> tuple[str, ...]:
        return choose_words(
            [], prompt="1girl", allowed=lambda _: True, passing=passing, pool=pool,
            lot=lambda purpose: lot[purpose],
        ).added  # fmt: skip

    assert tried(0.5) == ("crisp",)
    assert tried(0.95) == ()


# ---- prompts ----------------------------------------------------------------------------------


def test_prompts_are_read_as_tags_or_sentences() -> None:
    assert tokens("1girl, (soft_light:1.2), [[sharp]]") == {"1girl", "soft light", "sharp"}
    assert "lighthouse" in tokens("A girl stands before the old lighthouse in the rain")


def test_likeness_needs_no_model() -> None:
    others = ["1girl, rainy street at night", "a red tractor", "1girl, rainy streets, neon", ""]
    near = likeness("1girl, rainy street, neon", others)
    assert near[0] > near[1]
    assert near[2] > 0.8
    assert near[3] == 0
    assert likeness("anything", []).size == 0


def test_the_likest_of_many_is_found_in_spite_of_endings_and_order() -> None:
    """More prompts than are compared whole; the others share no word or only frequent ones."""
    many = [f"1girl, standing, scene {n}, tree{n % 7}" for n in range(1500)]
    many.insert(700, "1girl, old lighthouse, stormy coast, standing")
    found = nearest("stormy coasts, lighthouses, 1girl", many, most=3)
    assert found[0][0] == 700
    assert [near for _, near in found] == sorted((near for _, near in found), reverse=True)
    assert nearest("1girl, scene", many[:5], most=10)[0][1] > 0
    assert nearest("anything", [], most=3) == []
