"""log.jsonl as a picture: the terms, the learning rate and the validation scores over the steps."""

import json
from pathlib import Path
from typing import Any

LOG, CURVES = "log.jsonl", "curves.png"
_NOT_TERMS = ("step", "learning_rate", "validation")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Lines by step. A training that went on from a checkpoint said some steps twice: the later line counts.

    No file, or a last line that was cut off, is no error.
    """
    if not path.exists():
        return []
    lines: dict[tuple[int, bool], dict[str, Any]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue  # the line that a killed training was writing
        lines[line["step"], "validation" in line] = line
    return [lines[key] for key in sorted(lines)]


def draw_curves(folder: Path) -> None:
    """Write `folder`/curves.png from its log.jsonl; nothing where nothing was logged yet."""
    from matplotlib.figure import Figure  # comes with Ultralytics

    lines = read_log(folder / LOG)
    terms = sorted({name for line in lines for name in line if name not in _NOT_TERMS})
    scores = [(line["step"], line["validation"]) for line in lines if "validation" in line]
    if not terms:
        return
    figure = Figure(figsize=(9, 9 if scores else 6), layout="constrained")
    panels = list(figure.subplots(3 if scores else 2, 1, sharex=True))
    for name in terms:
        said = [(line["step"], line[name]) for line in lines if name in line]
        panels[0].plot(*zip(*said, strict=True), label=name)
    panels[0].set_ylabel("terms, unweighted")
    rates = [(line["step"], line["learning_rate"]) for line in lines if "learning_rate" in line]
    panels[1].plot(*zip(*rates, strict=True), label="learning rate")
    panels[1].set_ylabel("learning rate")
    for name in sorted({name for _, found in scores for name in found}):
        panels[2].plot(*zip(*((step, found[name]) for step, found in scores), strict=True), marker="o", label=name)
        panels[2].set_ylabel("validation")
    panels[-1].set_xlabel("step")
    for panel in panels:
        panel.legend(loc="best", fontsize="small")
        panel.grid(alpha=0.3)
    partial = folder / f"{CURVES}.part"
    figure.savefig(partial, format="png", dpi=100)
    partial.replace(folder / CURVES)
