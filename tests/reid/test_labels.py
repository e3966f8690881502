"""What a set says about what its people wear."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from reid.attributes.questions import labelled
from reid.data.attributes import MISSING, AttributeLabels
from reid.data.shards import ShardSet
from tests.reid.fake_crops import ATTRIBUTES, write_set


def test_labels_stand_beside_the_crops_with_their_names(tmp_path: Path) -> None:
    crops = ShardSet(write_set(tmp_path, identities=6, per_identity=2))
    assert crops.attributes.values == {name: tuple(values) for name, values in ATTRIBUTES.items()}
    assert crops.attributes.rows.shape == (12, 3)
    stored = np.concatenate([np.load(shard / "attributes.npy") for shard in sorted(tmp_path.glob("shard-*"))])
    np.testing.assert_array_equal(crops.attributes.column("bag"), stored[:, 2])
    assert (crops.attributes.column("hat") == MISSING).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((6, 2), np.int16), r"expected integers of shape \(6, 3\), got int16 of \(6, 2\)"),
        (np.full((6, 3), 9, np.int16), "places in the lists"),
        (np.full((6, 3), -2, np.int16), "places in the lists"),
        (np.zeros((6, 3)), "expected integers"),
        (None, "cannot be read"),
    ],
)
def test_broken_labels_are_refused_when_they_are_asked_for(
    rows: np.ndarray | None, message: str, tmp_path: Path
) -> None:
    path = write_set(tmp_path, identities=6, per_identity=2) / "shard-00001" / "attributes.npy"
    path.unlink()
    if rows is not None:
        np.save(path, rows)
    crops = ShardSet(tmp_path)
    with pytest.raises(InputError, match=message):
        _ = crops.attributes


@pytest.mark.parametrize(("value", "message"), [(None, "says nothing about"), ([1], "names and lists of values")])
def test_sets_from_before_there_were_labels_open_and_say_so_when_asked(
    value: object, message: str, tmp_path: Path
) -> None:
    path = write_set(tmp_path, identities=4) / "dataset.json"
    about = json.loads(path.read_text())
    del about["attributes"]
    path.write_text(json.dumps(about if value is None else about | {"attributes": value}))
    crops = ShardSet(tmp_path)
    assert len(crops[0].image)
    with pytest.raises(InputError, match=message):
        _ = crops.attributes


def test_questions_merge_values_and_leave_out_what_a_set_does_not_have() -> None:
    values = {"bag": ("none", "shoulder_bag", "hand_bag"), "umbrella": ("no", "yes")}
    (found,) = labelled(AttributeLabels(values, np.array([[0, 1], [2, 1], [1, 0], [-1, 0]])))
    assert found.question.name == "bag"
    assert [("?" if place < 0 else found.answers[place]) for place in found.column.tolist()] == [
        "no",
        "bag",
        "bag",
        "?",
    ]
