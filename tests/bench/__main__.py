"""`make bench`: the figures of the README, measured on this machine."""

from __future__ import annotations

from tests.bench import assess, overhead, startup, templates

FIGURES = (
    ("the loop over the server's own time, per attempt at 512×512", overhead, "overhead_ms", "ms"),
    ("decoding and assessing a 1024×1024 PNG, over decoding alone", assess, "ratio", "×"),
    ("tower-anime --help", startup, "help_ms", "ms"),
    ("converting a workflow template, median of 644", templates, "median_ms", "ms"),
    ("converting a workflow template, slowest of 644", templates, "slowest_ms", "ms"),
    (
        "templates a server would take, of 206 with its classes",
        templates,
        "passing_percent",
        "%",
    ),
    ("seeds, steps, sizes, prompts in them that are bound", templates, "bound_percent", "%"),
    ("peak memory of tower-anime generate", startup, "memory_mb", "MB"),
)


def main() -> None:
    """Measure each module once and print a line for each figure.

    The loop comes last: it sets how this process keeps memory.
    """
    modules = dict.fromkeys(module for _, module, _, _ in FIGURES)
    measured = {module: module.measure() for module in sorted(modules, key=lambda m: m is overhead)}
    for text, module, name, unit in FIGURES:
        print(f"{measured[module][name]:8.2f} {unit:3} {text}")


if __name__ == "__main__":
    main()
