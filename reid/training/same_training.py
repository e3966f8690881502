"""Whether a training may go on by a recipe: only by the one that it was begun by."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import SettingError, WeightsError
from reid.training.recipe import Recipe

# What a training says and writes meanwhile, how many threads it has, and what `fit` and `export` alone read.
_FREE = frozenset({
    "name", "fit_on", "data.validation", "schedule.threads", "schedule.checkpoint_s", "schedule.report_s",
    "schedule.validate_steps",
})  # fmt: skip
_REMEDY = "take the recipe as it was, or another output folder; begin_with builds on what is in this one"


def require_same_training(path: Path, state: Mapping[str, Any], recipe: Recipe) -> None:
    """Raises WeightsError where `recipe` and that of `state`, the checkpoint `path`, differ in what decides what a
    training gives (`schedule.steps` does: the learning rate follows it), or where more steps were made than it has.

    A checkpoint from before recipes were kept says nothing of its own.
    """
    try:
        before = Recipe.from_dict(state.get("recipe", recipe.to_dict()))
    except SettingError as error:
        raise WeightsError(f"{path}: its recipe cannot be read: {error}; {_REMEDY}") from error
    if changed := changes(before, recipe):
        raise WeightsError(f"{path}: begun by another recipe: it has {', '.join(changed)}; {_REMEDY}")
    if state["step"] > recipe.schedule.steps:
        made = f"expected {recipe.schedule.steps} steps or fewer (schedule.steps), got {state['step']}"
        raise WeightsError(f"{path}: {made}; {_REMEDY}")


def changes(before: Recipe, now: Recipe) -> list[str]:
    """Like "schedule.steps = 2000, not 4000" for each setting that decides what a training gives and differs."""
    old, new = _flat(before), _flat(now)
    return [f"{name} = {old[name]!r}, not {new[name]!r}" for name in old if old[name] != new[name]]


def _flat(recipe: Recipe) -> dict[str, object]:
    """What decides, by dotted name."""
    flat: dict[str, object] = {}
    for name, value in recipe.to_dict().items():
        flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
    return {name: value for name, value in flat.items() if name not in _FREE}
