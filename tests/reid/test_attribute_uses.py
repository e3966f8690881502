"""attributes, describe, and search by what people wear, as a user calls them."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.people.stored_run import open_run
from reid.attributes.files import read_model, write_model
from reid.attributes.logistic import Linear, fit_linear
from reid.attributes.model import AttributeModel, Classifier
from reid.attributes.questions import Question
from reid.card import Card
from tests.reid.fake_crops import write_set
from tests.reid.test_uses import call, options

LEAST = 0.7


@pytest.fixture(scope="module")
def fitted(colour_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The palette with attributes fitted by the command, to stick people in four colours."""
    folder = tmp_path_factory.mktemp("fitted")
    shutil.copytree(colour_weights, folder, dirs_exist_ok=True)
    crops = write_set(folder / "crops", identities=60, per_identity=2, height=96, plain=True)
    assert call("attributes", crops, *options(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def dressed(run_folder: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network of the run, with attributes by which its first tracklet wears red, the others blue, everybody
    carries nothing, and trousers are of any colour."""
    folder = tmp_path_factory.mktemp("dressed")
    shutil.copytree(weights, folder, dirs_exist_ok=True)
    run = open_run(run_folder / "out")
    looks = [run.appearances[key].descriptors.global_ for key in sorted(run.appearances)]
    labels = np.concatenate([np.full(len(one), min(place, 1)) for place, one in enumerate(looks)])
    width = looks[0].shape[1]
    linears = {
        "upper_colour": (("red", "blue"), fit_linear(np.concatenate(looks), labels, 2, 1e-6)),
        "bag": (("no", "backpack"), Linear(np.zeros((width, 2)), np.array([3.0, 0.0]))),
        "lower_colour": (("black", "white"), Linear(np.zeros((width, 2)), np.zeros(2))),
    }
    classifiers = tuple(
        Classifier(Question(name, name.split("_")[0], name), answers, linear, 1.0, np.log([0.5, 0.5]), 1.0)
        for name, (answers, linear) in linears.items()
    )
    write_model(AttributeModel(Card.read(folder).identifier, ("global",), LEAST, 0.1, classifiers), folder)
    return folder


def test_fitting_leaves_the_network_what_it_was_and_says_how_good_it_is(fitted, colour_weights, capsys) -> None:
    assert Card.read(fitted).identifier == Card.read(colour_weights).identifier
    before = (fitted / "attributes.safetensors").read_bytes()
    assert call("attributes", fitted / "crops", *options(fitted)) == 0
    assert (fitted / "attributes.safetensors").read_bytes() == before
    said = capsys.readouterr().out
    for word in ("accuracy", "balanced", "majority", "answered", "upper_colour crops", "upper_colour tracklets"):
        assert word in said
    model = read_model(fitted, Card.read(fitted).identifier)
    assert model.scores["people"] == 60
    one = model.scores["crops"]["upper_colour"]
    assert one["accuracy"] > one["majority"] + 0.2


def test_a_set_without_labels_is_refused_before_anything_is_looked_at(fitted, tmp_path, capsys) -> None:
    crops = write_set(tmp_path / "crops", identities=10)
    about = json.loads((crops / "dataset.json").read_text())
    del about["attributes"]
    (crops / "dataset.json").write_text(json.dumps(about))
    assert call("attributes", crops, *options(fitted)) == 3
    assert "says nothing about what people wear" in capsys.readouterr().err


def test_describe_says_what_is_worn_with_probabilities(fitted, tmp_path, capsys) -> None:
    crops = fitted / "crops" / "shard-00000"
    images, rows = np.load(crops / "images.npy"), np.load(crops / "attributes.npy")
    names = ["black", "white", "red", "green"]
    right, wearing = 0, [int(np.flatnonzero(rows[:, 0] == colour)[0]) for colour in range(4)]
    for row in wearing:
        cv2.imwrite(str(tmp_path / "a.png"), images[row])
        assert call("describe", tmp_path / "a.png", "--crops", "--json", *options(fitted)) == 0
        found = json.loads(capsys.readouterr().out)["upper_colour"]
        assert sum(found["probabilities"].values()) == pytest.approx(1, abs=0.01)
        assert found["probability"] == max(found["probabilities"].values())
        right += found["likeliest"] == names[rows[row, 0]]
    assert right >= 3
    assert call("describe", tmp_path / "a.png", tmp_path / "a.png", "--crops", *options(fitted)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("upper colour") for line in lines)


def test_describe_without_attributes_names_the_command(weights, photos, capsys) -> None:
    assert call("describe", photos / "0000_c0.png", "--crops", *options(weights)) == 3
    assert "python -m reid attributes" in capsys.readouterr().err


def test_search_by_what_is_worn_alone(run_folder, dressed, tmp_path, capsys) -> None:
    out, found = run_folder / "out", tmp_path / "found"
    common = ("search", "--run", out, "--output", found, *options(dressed))
    assert call(*common, "--where", "upper=red") == 0
    (hit,) = json.loads((found / "hits.json").read_text())
    assert hit["local_id"] == min(key.local_id for key in open_run(out).appearances)
    assert hit["where"] >= LEAST
    assert hit["fits"] is True
    assert (hit["probability"], hit["distance"], hit["evidence"]) == (None, None, None)
    assert hit["attributes"]["upper_colour"]["answer"] == "red"
    assert hit["attributes"]["lower_colour"]["answer"] is None
    assert (found / hit["crop"]).is_file()
    assert (found / "overview.png").is_file()
    said = capsys.readouterr().out
    total = len(open_run(out).appearances)
    assert f"1 of {total} tracklets fit upper=red" in said
    assert call(*common, "--where", "upper=blue bag=no") == 0
    assert len(json.loads((found / "hits.json").read_text())) == total - 1
    assert call(*common, "--where", "upper=red", "--where", "bag=yes") == 0
    assert json.loads((found / "hits.json").read_text()) == []


def test_search_leaves_out_what_is_unsure_and_says_how_many(run_folder, dressed, tmp_path, capsys) -> None:
    out, found = run_folder / "out", tmp_path / "found"
    total = len(open_run(out).appearances)
    common = ("search", "--run", out, "--output", found, *options(dressed), "--where", "lower=black")
    assert call(*common) == 0
    assert f"0 of {total} tracklets fit lower=black; {total} may or may not: left out" in capsys.readouterr().out
    assert json.loads((found / "hits.json").read_text()) == []
    assert call(*common, "--unsure") == 0
    hits = json.loads((found / "hits.json").read_text())
    assert [hit["fits"] for hit in hits] == [None] * total
    assert "0.50?" in capsys.readouterr().out


def test_search_by_a_picture_and_by_what_is_worn(run_folder, dressed, photos, capsys) -> None:
    out = run_folder / "out"
    picture = photos / "0000_c0.png"
    assert call("search", picture, "--crops", "--run", out, *options(dressed)) == 0
    everybody = json.loads((out / "search" / "0000_c0" / "hits.json").read_text())
    assert call("search", picture, "--crops", "--run", out, "--where", "upper=blue", *options(dressed)) == 0
    some = json.loads((out / "search" / "0000_c0_upper-blue" / "hits.json").read_text())
    blue = [hit for hit in everybody if hit["attributes"]["upper_colour"]["answer"] == "blue"]
    assert [hit["local_id"] for hit in some] == [hit["local_id"] for hit in blue]  # in the order of the persons'
    assert [hit["probability"] for hit in some] == [hit["probability"] for hit in blue]
    assert all(hit["where"] is None for hit in everybody)


def test_search_needs_a_picture_or_a_filter_that_there_is(run_folder, dressed, weights, photos, capsys) -> None:
    out = run_folder / "out"
    assert call("search", "--run", out, *options(dressed)) == 2
    assert "a picture of somebody, or --where" in capsys.readouterr().err
    assert call("search", "--run", out, "--where", "upper=gray", *options(dressed)) == 2
    assert "upper is never 'gray'" in capsys.readouterr().err
    assert call("search", "--run", out, "--where", "upper=red", *options(weights)) == 3
    assert "no attributes for this network" in capsys.readouterr().err
    assert call("search", photos / "0000_c0.png", "--crops", "--run", out, *options(weights)) == 0  # needs none
