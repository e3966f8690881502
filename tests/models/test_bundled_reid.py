"""What lies in models/reid belongs together."""

import re
from pathlib import Path

import pytest

from reid.attributes.files import read_model
from reid.calibration import Calibration
from reid.card import Card, folder_of
from reid.training.recipe import Recipe

FOLDER = folder_of("bundled")


def test_calibration_and_attributes_are_of_the_bundled_network() -> None:
    card = Card.read(FOLDER)
    assert Calibration.read(FOLDER, card.identifier).least_evidence > 0
    model = read_model(FOLDER, card.identifier)
    for one in model.classifiers:
        assert one.linear.weight.shape[0] == card.network.embedding


def test_the_card_names_the_recipe_that_is_there() -> None:
    card, recipe = Card.read(FOLDER), Recipe.read(FOLDER / "bundled.toml")
    assert card.network == recipe.network
    assert card.recipe == recipe.to_dict()


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.toml")))
def test_every_recipe_can_be_read_and_stands_in_the_card(file: str) -> None:
    recipe = Recipe.read(FOLDER / file)
    said = (FOLDER / "CARD.md").read_text(encoding="utf-8")
    own = file == "palette.toml"  # no part of what is bundled
    assert file in said or own
    commands = re.findall(
        "^#   (python -m reid (?:train|fit|export) .*)$", (FOLDER / file).read_text(encoding="utf-8"), re.M
    )
    for command in commands:
        assert f"{command}\n" in said or (own and "--output build/" in command)
    for folder in filter(None, recipe.begin_with.split("+")):
        assert f"--output {Path(folder).as_posix()}\n" in said
