"""Whether clean drawings pass and spoiled ones fail for their own reason.

`python -m tests.bench.sandbox` draws prompts × seeds, spoils each picture in every way that the
sandbox knows, and asks the product's own assessor. Nothing is fitted on the answers.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.bench.contact_sheet import PROMPTS
from tests.unit.sandbox.prompts import many_prompts
from tower_anime.assess.intent import relaxed_by
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.stills import measure as measure_frame
from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.models import CHECKPOINTS, DIFFUSION_MODELS
from tower_anime.sandbox.sampling import Sampling, sample
from tower_anime.sandbox.values import Conditioning, Latent, Model
from tower_anime.sandbox.words import Scene, scene_of

SIZE_PX = 1024


@dataclass(frozen=True)
class Spoiled:
    """A way to spoil: the damage, and the defects that would name it rightly."""

    damage: spoil.Damage
    kinds: frozenset[str]


WAYS: dict[str, Spoiled] = {
    "steps 4": Spoiled(spoil.Damage(residual=0.72), frozenset({"noise", "undersampled", "blur"})),
    "steps 8": Spoiled(spoil.Damage(residual=0.48), frozenset({"noise", "undersampled", "blur"})),
    "steps 11": Spoiled(spoil.Damage(residual=0.34), frozenset({"noise", "undersampled", "blur"})),
    "cfg 18": Spoiled(spoil.Damage(burn=0.39), frozenset({"oversaturated", "overexposed"})),
    "cfg 26": Spoiled(spoil.Damage(burn=0.83), frozenset({"oversaturated", "overexposed"})),
    "cfg 1": Spoiled(spoil.Damage(wash=1.0), frozenset({"low_contrast", "blur", "upscaled"})),
    "size 0.4": Spoiled(spoil.Damage(soft=0.7), frozenset({"blur", "upscaled"})),
    "doubled": Spoiled(spoil.Damage(columns=2, rows=2), frozenset({"tiling"})),
    "denoise 0.5": Spoiled(
        spoil.Damage(grey=0.5), frozenset({"low_contrast", "blur", "noise", "undersampled"})
    ),
    "black": Spoiled(spoil.Damage(), frozenset({"blank"})),
}


def measure(*, prompts: Sequence[str], seeds: Sequence[int]) -> dict[str, float]:
    """Return the share (0–1) of clean pictures that pass, and of each damage named rightly."""
    right: dict[str, list[bool]] = defaultdict(list)
    blamed: Counter[str] = Counter()
    for prompt in prompts:
        for seed in seeds:
            for way, picture in _pictures(scene_of(prompt, seed=seed)):
                verdict, kinds = verdict_of(picture, prompt)
                if way == "clean":
                    right[way].append(verdict == "pass")
                    if verdict != "pass":
                        blamed.update(kinds)
                        print(f"  clean but {verdict}: {','.join(kinds)} | {seed} {prompt}")
                    continue
                right[way].append(verdict == "reject" and bool(WAYS[way].kinds & set(kinds)))
    if blamed:
        print("clean pictures blamed for", dict(blamed))
    return {way: sum(rows) / len(rows) for way, rows in right.items()}


def verdict_of(picture: Frame, prompt: str) -> tuple[str, list[str]]:
    """Return the assessor's verdict on a picture and the kinds of its defects, worst first."""
    assessment = judge(
        measure_frame(picture),
        kind="image",
        width=picture.shape[1],
        height=picture.shape[0],
        profile=PROFILES["still"],
        relaxed=relaxed_by(prompt),
    )
    worst = sorted(assessment.defects, key=lambda defect: -defect.severity)
    return str(assessment.verdict), [str(defect.kind) for defect in worst]


def _pictures(scene: Scene) -> Iterator[tuple[str, Frame]]:
    clean = draw(scene, width=SIZE_PX, height=SIZE_PX)
    yield "clean", clean
    for way, spoiled in WAYS.items():
        rng = scene.rng("noise")
        if way == "black":
            yield way, np.zeros_like(clean)
            continue
        panels = spoiled.damage.columns > 1

        def paint(index: int, width: int, height: int, *, panels: bool = panels) -> Frame:
            if not panels:
                return clean
            return draw(replace(scene, panel=index), width=width, height=height)

        yield (
            way,
            spoil.render(paint, width=SIZE_PX, height=SIZE_PX, damage=spoiled.damage, rng=rng),
        )


_CLEAN = Spoiled(spoil.Damage(), frozenset())


class _Alone:
    """A `Run` without a server."""

    world = 0

    def strikes(self, fault: str) -> bool:
        del fault
        return False

    def step(self, number: int, of: int, target: Frame | None) -> None:
        del number, of, target


def measure_models(prompts: Sequence[str]) -> dict[str, float]:
    """Return the shares (0–1) that are judged rightly, over every model of stills.

    Each is asked for its own good settings, and for too few steps, too high and too low guidance.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    models = {**CHECKPOINTS, **DIFFUSION_MODELS}
    for number, (name, surface) in enumerate(models.items()):
        if surface.footage is not None or surface.scribbles:
            continue
        side = min(surface.native_px, 1344)
        model = Model(replace(surface, native_px=side))
        prompt = prompts[number % len(prompts)]
        middle = (surface.wash_below + surface.burn_from) / 2
        burnt = surface.burn_from + 0.6 * (surface.burn_full - surface.burn_from)
        for way, steps, cfg in (
            ("clean", surface.clean_steps, middle),
            ("steps 4", 0.3 * surface.clean_steps, middle),
            ("cfg 26", surface.clean_steps, burnt),
            ("cfg 1", surface.clean_steps, 0.3 * surface.wash_below),
        ):
            settings = Sampling(
                model=model,
                positive=Conditioning(prompt),
                seed=number + 1,
                steps=round(steps),
                cfg=cfg,
                sampler="euler",
                scheduler="normal",
            )
            drawn = sample(_Alone(), settings, Latent(side, side, 1)).pictures
            verdict, kinds = verdict_of((drawn or ())[0], prompt)
            own_size = kinds == ["resolution"]  # small as its model is, and otherwise faultless
            rightly = verdict == "reject" and bool(WAYS.get(way, _CLEAN).kinds & set(kinds))
            right[way].append(rightly if way != "clean" else verdict == "pass" or own_size)
            if not right[way][-1]:
                print(f"  {name} {way} but {verdict}: {','.join(kinds)} | {number + 1} {prompt}")
    return {way: sum(rows) / len(rows) for way, rows in right.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="begin with this prompt")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--models", action="store_true", help="every model of stills instead")
    given = parser.parse_args(arguments)
    last = given.first + given.prompts
    prompts = [*PROMPTS, *many_prompts(max(0, last - len(PROMPTS)))][given.first : last]
    if given.models:
        table = measure_models(prompts)
    else:
        table = measure(prompts=prompts, seeds=range(1, given.seeds + 1))
    for way, share in table.items():
        print(f"{way:12s} {100 * share:6.1f} %")
    spoiled = [share for way, share in table.items() if way != "clean"]
    print(f"{'all':12s} {100 * (table['clean'] + sum(spoiled)) / (1 + len(spoiled)):6.1f} %")


if __name__ == "__main__":
    main()
