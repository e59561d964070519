"""Pairs of prompts for the same picture: one asks for what looks like a defect, one does not."""

from __future__ import annotations

import pytest

from tower_anime.assess.asked import plain, read, rule
from tower_anime.assess.intent import read_intent

ASKS: dict[str, tuple[str, ...]] = {
    "underexposed": (
        "1girl, night, city lights",
        "A quiet harbour at night, only the lighthouse still burning.",
        "a dark forest with a narrow path",
        "(darkness:1.3), throne room",
        "she walks home through a dimly lit corridor",
        "moonlit_garden, fountain",
        "low-key lighting portrait",
        "silhouette of a samurai on a hill",
        "inside a cave, torchlight on the walls",
        "film noir detective, deep shadows",
        "a room lit only by candlelight",
        "starry sky over a lake",
        "at midnight the shrine is empty",
    ),
    "low_contrast": ("pastel colors, 1girl", "a foggy morning at the pier", "muted tones, cafe"),
    "overexposed": ("high key photo, white dress", "snowy field", "strong backlighting, beach"),
    "noise": ("film grain, 1990s (style)", "an old VHS recording of a school festival", "35mm"),
    "blur": (
        "depth of field, 1boy",
        "bokeh lights behind her",
        "soft focus portrait",
        "The background is out of focus.",
    ),
    "motion_blur": ("motion blur, running", "a long exposure of the night train"),
    "color_cast": ("sepia, old street", "underwater, mermaid", "red lighting, stage"),
    "oversaturated": ("vibrant colors, festival", "neon, psychedelic poster"),
    "upscaled": ("pixel art castle", "8-bit hero"),
    "banding": ("cel shading, flat colors", "posterized portrait"),
    "tiling": ("seamless pattern of cats", "character sheet, multiple views"),
    "corrupt": ("glitch art, portrait", "datamosh effect"),
    "compression": ("jpeg artifacts, meme", "seen through a CCTV camera"),
    "text_artifact": ("speech bubble, comic", "a girl holding a sign", "album cover"),
}

PLAIN = (
    "1girl, smile, school uniform, classroom, day",
    "a knight in shining armour on a sunny meadow",
    "1girl, dark hair, dark blue eyes, beach, blue sky",
    "dark-skinned elf, forest, daylight",
    "woman with pale skin and faded jeans, park",
    "cherry trees in full bloom along a river",
    "snow leopard resting on a rock, summer",
    "a bright afternoon, not dark, no blur, no film grain",
    "portrait without any noise or motion blur",
    "peace sign, wink, 1girl",
    "golden wheat field with ripe grain",
    "an old man drinking dark beer in a tavern garden",
    "evening gown, ballroom, chandelier, bright",
    "<lora:night_style:0.8> 1girl, picnic",
    "(night:0), sunny street",
    "masterpiece, best quality, 1boy, sword, castle, noon",
)

PAIRS = [(kind, prompt) for kind, prompts in ASKS.items() for prompt in prompts]


@pytest.mark.parametrize("kind", ASKS)
def test_what_is_asked_for_is_relaxed(kind: str) -> None:
    missed = [text for text in ASKS[kind] if kind not in read_intent(text).shares]
    assert not missed


def test_plain_prompts_relax_nothing() -> None:
    relaxed = {text: dict(read_intent(text).shares) for text in PLAIN}
    assert {text: shares for text, shares in relaxed.items() if shares} == {}


def test_the_negative_prompt_relaxes_nothing_and_takes_back() -> None:
    assert not read_intent("1girl, park", "night, dark, blurry, film grain").shares
    assert not read_intent("blurry, 1girl", "blurry").shares
    assert "blur" in read_intent("bokeh, 1girl", "blurry, lowres").shares


def test_weights_say_how_much() -> None:
    shares = [
        read_intent(text).shares.get("underexposed", 0.0)
        for text in (
            "(dark:0)",
            "(dark:0.4)",
            "[dark]",
            "dark",
            "(dark)",
            "((dark:1.3))",
            "(dark:9)",
        )
    ]
    assert shares == sorted(set(shares))
    assert shares[0] == 0
    assert shares[3] == 0.8
    assert shares[-1] <= 1


def test_the_words_that_ask_are_told() -> None:
    found = read_intent("Moonlit_night, (film grain:1.2)")
    assert found.words["underexposed"] == ("moonlit", "night")
    assert found.words["noise"] == ("film grain",)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("(a:1.2), ((b)), [c] {d}", ["a", "b", "c", "d"]),
        ("unbalanced (( [ text", ["unbalanced", "text"]),
        (r"artist \(name\), <lora:x:1> blue_sky", ["artist", "name", "blue", "sky"]),
        (":1.3) ) ] (", []),
        ("(" * 500 + "deep" + ")" * 500, ["deep"]),
    ],
)
def test_any_brackets_are_read(prompt: str, words: list[str]) -> None:
    found = plain(prompt)
    assert [word for word in words if word in found] == words
    assert "lora" not in found


def test_negation_ends_with_its_clause() -> None:
    rules = (rule("dark|blur", {"x": 0.5}),)
    assert not read("no dark corners", "", rules).shares
    assert not read("a picture without any blur", "", rules).shares
    assert read("no people, dark street", "", rules).shares
    assert read("not a soul in the dark street", "", rules).shares
    assert read("not bright but dark", "", rules).shares
