"""What people wear on the head, carry on the back and hold in their hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tower_anime.sandbox import held
from tower_anime.sandbox.hair import ties
from tower_anime.sandbox.ink import Point, mirrored, moved, oval, shape, stroke, veil
from tower_anime.sandbox.palette import INK, Colour, Light, css, mix
from tower_anime.sandbox.words import Look

Part = Callable[[Look, Colour, Light], str]


def behind_body(look: Look, light: Light) -> str:
    """Return wings, tails and backpacks: what is drawn before everything else."""
    return _all(_BEHIND, look, light)


def on_head(look: Look, light: Light) -> str:
    """Return ears, hats, ribbons, glasses: in front of the hair."""
    return _all(_ON_HEAD, look, light)


def on_back(look: Look, light: Light) -> str:
    """Return what is worn on back and neck, of somebody seen from behind."""
    out = "".join(
        _BEHIND[name](look, look.worn[name], light) for name in _BEHIND if name in look.worn
    )
    if "bag" in look.worn:
        paint = look.worn["bag"]
        out += shape("M-62,196 Q0,170 62,196 L70,400 Q0,420 -70,400Z", light.css(paint)) + shape(
            "M-60,200 Q0,176 60,200 L64,288 Q0,310 -64,288Z", light.shade(paint, 0.2)
        )
    if "scarf" in look.worn:
        paint = look.worn["scarf"]
        out += shape(
            "M-58,104 Q0,128 58,104 C76,126 72,160 54,170 Q0,190 -54,170 C-72,160 -76,126 -58,104Z",
            light.css(paint),
        )
        out += shape("M10,160 L52,156 L66,330 L24,336Z", light.css(paint))
        out += stroke("M24,300 L62,294 M22,270 L60,264", light.shine(paint, 0.6), 8)
    if "choker" in look.worn:
        out += stroke("M-24,120 Q0,128 24,120", light.css(look.worn["choker"]), 9)
    return out


def on_chest(look: Look, light: Light) -> str:
    """Return scarves and straps: in front of the torso, behind raised arms."""
    return _all(_ON_CHEST, look, light)


def held_before(look: Look, light: Light, hands: tuple[Point, Point], *, near: bool) -> str:
    """Return what is in the hands but lies behind them and the head; `hands` right, left.

    `near` draws it smaller and closer to the head, for a camera that sees no more than that.
    """
    drawn = _held(held.BEHIND, look, light, hands)
    return moved(drawn, _closer(look, hands[0])) if near else drawn


def _closer(look: Look, hand: Point) -> str:
    """Return how what is held is turned and shrunk towards the head."""
    size, turn = (1.0, -16) if "umbrella" in look.worn else (0.68, -16)
    if "balloon" in look.worn:
        turn = -3
    x, y = hand
    return f"translate({x:.0f} {y:.0f}) rotate({turn}) scale({size}) translate({-x:.0f} {-y:.0f})"


def held_over(look: Look, light: Light, hands: tuple[Point, Point]) -> str:
    """Return what is held in front of the body, under the hands."""
    return _held(held.BEFORE, look, light, hands)


def headroom(look: Look, *, near: bool) -> float:
    """Return how far something on or above the head rises over the crown, in units."""
    highest = {
        "umbrella": 230.0,
        "balloon": 260.0,
        "witch hat": 110.0,
        "bunny ears": 150.0,
        "straw hat": 60.0,
        "hat": 70.0,
        "cat ears": 66.0,
        "fox ears": 140.0,
        "crown": 40.0,
        "halo": 60.0,
        "horns": 50.0,
        "staff": 120.0,
        "broom": 130.0,
        "spear": 150.0,
        "sword": 0.0,
    }
    in_hands = (
        {"umbrella": 60.0, "balloon": 50.0, "staff": 10.0, "broom": 10.0, "spear": 10.0}
        if near
        else {}
    )
    above = [(highest | in_hands).get(name, 0.0) for name in look.worn]
    return max(*above, {"cheer": 24.0, "jump": 84.0}.get(look.pose, 0.0), 0.0)


def _all(parts: Mapping[str, Part], look: Look, light: Light) -> str:
    return "".join(parts[name](look, look.worn[name], light) for name in parts if name in look.worn)


def _held(
    parts: Mapping[str, held.Held],
    look: Look,
    light: Light,
    hands: tuple[Point, Point],
) -> str:
    both = parts.keys() & look.worn.keys()
    return "".join(parts[name](look.worn[name], light, hands[0]) for name in sorted(both))


# ---- on the head ----------------------------------------------------------------------------


def _cat_ears(look: Look, _: Colour, light: Light, *, tall: float = 1.0) -> str:
    ear = shape(
        "M26,-112 C44,-150 70,-182 92,-190 C104,-156 106,-110 94,-66 Q66,-96 26,-112Z",
        light.css(look.hair),
    ) + shape(
        "M48,-112 C58,-138 74,-158 86,-166 C92,-140 94,-112 87,-88 Q70,-104 48,-112Z",
        "#f2a9ae",
        line=0,
    )
    tuft = stroke("M52,-108 l10,-18 l4,16 l10,-14", light.shade(look.hair, 0.2), 4)
    return moved(
        "".join(mirrored(ear + tuft, s) for s in (-1, 1)),
        f"translate(0 {-70 * (tall - 1):.0f}) scale(1 {tall})",
    )


def _bunny_ears(look: Look, paint: Colour, light: Light) -> str:
    del paint, look
    ear = shape(
        "M22,-116 C10,-190 20,-270 44,-276 C72,-268 76,-190 58,-106Z", light.css((0.97, 0.95, 0.96))
    ) + shape("M34,-122 C26,-190 34,-246 45,-252 C60,-240 60,-180 50,-116Z", "#f2a9ae", line=0)
    return "".join(mirrored(ear, s) for s in (-1, 1))


def _horns(look: Look, paint: Colour, light: Light) -> str:
    del look
    horn = shape(
        "M40,-104 C44,-140 70,-150 84,-176 C100,-146 92,-108 70,-88Z",
        light.css(mix(paint, (0.2, 0.1, 0.15), 0.3)),
    )
    lines = stroke("M48,-120 Q64,-118 76,-104 M60,-140 Q74,-138 86,-124", INK, 2.6)
    return "".join(mirrored(horn + lines, s) for s in (-1, 1))


def _witch_hat(look: Look, paint: Colour, light: Light) -> str:
    del look
    cone = "M-84,-84 C-70,-150 -40,-210 36,-240 C20,-210 60,-180 84,-86 Q0,-112 -84,-84Z"
    return (
        shape(cone, light.css(paint))
        + veil(
            "M20,-96 C20,-150 10,-200 34,-238 C20,-210 60,-180 84,-86 Q50,-98 20,-96Z",
            light.shade(paint, 0.3),
            1,
        )
        + shape("M-84,-98 Q0,-128 84,-98 L84,-76 Q0,-104 -84,-76Z", "#f0a13a")
        + shape(
            "M-176,-52 Q-100,-96 0,-96 Q100,-96 176,-52 Q90,-74 0,-74 Q-90,-74 -176,-52Z",
            light.css(paint),
        )
    )


def _straw_hat(look: Look, paint: Colour, light: Light) -> str:
    base = mix(paint, (0.95, 0.85, 0.6), 0.6)
    band = css(light.lit(look.worn.get("ribbon", (0.85, 0.3, 0.3))))
    crown = "M-86,-84 C-92,-176 -50,-196 0,-196 C50,-196 92,-176 86,-84 Q0,-112 -86,-84Z"
    weave = "".join(
        f"M{x},-104 Q{x * 0.9:.0f},-150 {x * 0.6:.0f},-184" for x in (-60, -30, 0, 30, 60)
    )
    return (
        shape(crown, light.css(base))
        + stroke(weave, light.shade(base, 0.25), 3)
        + shape("M-87,-106 Q0,-136 87,-106 L87,-80 Q0,-108 -87,-80Z", band)
        + shape(
            "M-186,-50 C-150,-104 -60,-100 0,-100 C60,-100 150,-104 186,-50 C110,-80 50,-76 0,-76 C-50,-76 -110,-80 -186,-50Z",
            light.css(base),
        )
        + stroke("M-150,-68 Q0,-104 150,-68", light.shade(base, 0.25), 3)
    )


def _hat(look: Look, paint: Colour, light: Light) -> str:
    del look
    return (
        shape("M-82,-86 L-70,-186 Q0,-204 70,-186 L82,-86 Q0,-112 -82,-86Z", light.css(paint))
        + shape("M-82,-104 Q0,-132 82,-104 L82,-80 Q0,-108 -82,-80Z", light.shade(paint, 0.5))
        + shape(
            "M-128,-64 Q-60,-100 0,-100 Q60,-100 128,-64 Q60,-80 0,-80 Q-60,-80 -128,-64Z",
            light.css(paint),
        )
    )


def _cap(look: Look, paint: Colour, light: Light) -> str:
    del look
    return (
        shape(
            "M-94,-54 C-98,-136 -50,-158 0,-158 C50,-158 98,-136 94,-54 Q0,-90 -94,-54Z",
            light.css(paint),
        )
        + stroke(
            "M0,-156 Q4,-116 0,-78 M-56,-138 Q-44,-104 -48,-68 M56,-138 Q44,-104 48,-68",
            light.shade(paint, 0.4),
            3,
        )
        + shape(
            "M-84,-62 Q0,-98 84,-62 Q104,-44 96,-32 Q0,-66 -96,-32 Q-104,-44 -84,-62Z",
            light.shade(paint, 0.2),
        )
        + oval(0, -158, 9, 6, light.css(paint), 3.5)
    )


def _ribbon(look: Look, paint: Colour, light: Light) -> str:
    loop = (
        shape("M6,0 C30,-34 62,-34 66,-8 C68,20 40,26 6,6Z", light.css(paint))
        + stroke("M14,0 Q34,-10 46,-8", light.shade(paint, 0.4), 3)
        + shape("M4,6 L34,54 L44,36 L58,42 L16,4Z", light.css(paint))
    )
    bow = mirrored(loop, -1) + mirrored(loop, 1) + oval(0, 2, 11, 12, light.shade(paint, 0.12), 4)
    if look.cut == "twintails":
        return "".join(moved(bow, f"translate({s * 92} -84) scale(0.7)") for s in (-1, 1))
    if ties(look) or "hat" in " ".join(look.worn):
        return moved(bow, "translate(0 236) scale(0.8)")
    return moved(bow, "translate(56 -106) rotate(22)")


def _hairband(look: Look, paint: Colour, light: Light) -> str:
    del look
    band = "M-92,-44 C-84,-98 -40,-112 0,-112 C40,-112 84,-98 92,-44"
    return (
        stroke(band, INK, 21)
        + stroke(band, light.css(paint), 13)
        + stroke("M-60,-88 Q-30,-108 10,-108", light.shine(paint, 0.6), 3)
    )


def _crown(look: Look, paint: Colour, light: Light) -> str:
    del look
    return (
        shape(
            "M-58,-104 L-66,-164 L-34,-136 L0,-178 L34,-136 L66,-164 L58,-104 Q0,-122 -58,-104Z",
            light.css(paint),
        )
        + oval(0, -134, 8, 9, "#d8434e", 3)
        + oval(-36, -124, 5, 6, "#4d8fd8", 2.5)
        + oval(36, -124, 5, 6, "#4d8fd8", 2.5)
    )


def _headphones(look: Look, paint: Colour, light: Light) -> str:
    del look
    band = "M-92,4 C-104,-92 -60,-140 0,-140 C60,-140 104,-92 92,4"
    cups = "".join(
        shape(
            f"M{s * 76},-30 Q{s * 112},-34 {s * 110},10 Q{s * 110},50 {s * 74},46Z",
            light.css(paint),
        )
        + oval(s * 98, 8, 7, 20, light.shine(paint, 0.5))
        for s in (-1, 1)
    )
    return stroke(band, INK, 20) + stroke(band, light.shade(paint, 0.2), 12) + cups


def _glasses(look: Look, paint: Colour, light: Light) -> str:
    del look
    ink = css(mix(light.lit(paint), (0.1, 0.08, 0.15), 0.5))
    frames = "".join(
        f'<rect x="{x}" y="-8" width="62" height="54" rx="20" fill="#ffffff" fill-opacity="0.12" stroke="{ink}" stroke-width="5.5"/>'
        for x in (-68, 6)
    )
    gleam = veil("M-56,-2 L-40,-2 L-60,30 L-64,20Z M18,-2 L34,-2 L14,30 L10,20Z", "#ffffff", 0.55)
    return frames + stroke("M-6,14 Q0,8 6,14 M-68,10 L-84,4 M68,10 L84,4", ink, 5) + gleam


def _earrings(look: Look, paint: Colour, light: Light) -> str:
    del look
    return "".join(
        stroke(f"M{s * 77},44 L{s * 79},60", INK, 3.5)
        + shape(f"M{s * 79},58 l14,22 l-14,24 l-14,-24Z", light.shine(paint, 0.3), line=3.5)
        for s in (-1, 1)
    )


def _halo(look: Look, paint: Colour, light: Light) -> str:
    del look, light
    glow = f'stroke="{css(mix(paint, (1, 1, 0.8), 0.4))}"'
    return (
        f'<ellipse cx="0" cy="-162" rx="74" ry="19" fill="none" stroke="{INK}" stroke-width="17"/>'
        f'<ellipse cx="0" cy="-162" rx="74" ry="19" fill="none" {glow} stroke-width="10"/>'
    )


_ON_HEAD: dict[str, Part] = {
    "cat ears": _cat_ears,
    "fox ears": lambda look, paint, light: _cat_ears(look, paint, light, tall=1.3),
    "bunny ears": _bunny_ears,
    "horns": _horns,
    "hairband": _hairband,
    "headphones": _headphones,
    "witch hat": _witch_hat,
    "straw hat": _straw_hat,
    "hat": _hat,
    "cap": _cap,
    "crown": _crown,
    "halo": _halo,
    "ribbon": _ribbon,
}

ON_FACE: dict[str, Part] = {"glasses": _glasses, "earrings": _earrings}


def on_face(look: Look, light: Light) -> str:
    """Return glasses and earrings."""
    return _all(ON_FACE, look, light)


# ---- around the body ------------------------------------------------------------------------


def _scarf(look: Look, paint: Colour, light: Light) -> str:
    del look
    stripes = stroke(
        "M-36,236 L-4,246 M-38,276 L-6,286 M-40,310 L-8,318", light.shine(paint, 0.6), 9
    )
    end = shape("M-34,150 L4,160 L-4,330 L-44,320Z", light.css(paint)) + stripes
    fringe = stroke("M-42,322 l-2,20 M-28,326 l-2,20 M-14,328 l0,20", light.shade(paint, 0.3), 5)
    roll = shape(
        "M-62,112 Q0,150 62,112 C82,136 76,168 56,176 Q0,206 -56,176 C-76,168 -82,136 -62,112Z",
        light.css(paint),
    )
    return (
        end
        + fringe
        + roll
        + stroke("M-58,146 Q0,180 60,140 M-40,168 Q0,190 44,164", light.shade(paint, 0.35), 4)
    )


def _choker(look: Look, paint: Colour, light: Light) -> str:
    del look
    return (
        stroke("M-25,114 Q0,134 25,114", INK, 19)
        + stroke("M-25,114 Q0,134 25,114", light.css(paint), 12)
        + oval(0, 140, 10, 11, "#f4d06f", 3.5)
    )


def _strap(look: Look, paint: Colour, light: Light) -> str:
    """Return a satchel at the hip with its strap."""
    w = 84 if look.male else 66
    strap = f"M{w - 8},168 L-{w + 10},400"
    bag = shape(
        "M-142,392 L-50,404 Q-46,470 -54,504 L-140,496 Q-150,450 -142,392Z", light.css(paint)
    ) + shape("M-142,392 L-50,404 L-58,446 Q-96,458 -138,440Z", light.shade(paint, 0.2))
    return (
        stroke(strap, INK, 19)
        + stroke(strap, light.shade(paint, 0.3), 11)
        + bag
        + oval(-96, 446, 7, 7, "#f4d06f", 3)
    )


_ON_CHEST: dict[str, Part] = {"choker": _choker, "bag": _strap, "scarf": _scarf}


def _wings(look: Look, paint: Colour, light: Light) -> str:
    del look
    feathers = "".join(
        shape(
            f"M40,{200 + 18 * i} C{120 + 20 * i},{60 + 70 * i} {250 - 10 * i},{40 + 90 * i} {300 - 22 * i},{70 + 110 * i} C{250 - 10 * i},{190 + 70 * i} {150},{260 + 40 * i} 40,{240 + 18 * i}Z",
            light.css(mix(paint, (1, 1, 1), 0.3)),
        )
        for i in (2, 1, 0)
    )
    lines = stroke("M90,190 Q170,110 250,96 M96,230 Q170,180 240,190", light.shade(paint, 0.3), 4)
    return "".join(mirrored(feathers + lines, s) for s in (-1, 1))


def _tail(look: Look, _: Colour, light: Light) -> str:
    curve = "M30,440 C150,470 190,400 176,330 C166,280 196,250 216,262"
    return (
        stroke(curve, INK, 42)
        + stroke(curve, light.css(look.hair), 33)
        + stroke("M196,268 Q210,254 216,262", light.shine(look.hair, 0.6), 26)
    )


_BEHIND: dict[str, Part] = {"wings": _wings, "tail": _tail}
