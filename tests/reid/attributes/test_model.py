"""Fitting, answering and measuring, on descriptors that know what their people wear."""

import dataclasses

import numpy as np
import pytest
from scipy.special import softmax

from core.errors import InputError, OutputError, WeightsError
from core.types import Descriptors
from reid.attributes.config import AttributesConfig
from reid.attributes.files import FILE, TENSORS, has_model, read_model, write_model
from reid.attributes.fitting import Labelled, fit_model, split
from reid.attributes.model import AttributeModel
from reid.attributes.scores import COLUMNS, confidence_error, measured, table
from tests.core.test_whole import files_at_most
from tests.reid.attributes.fake_descriptors import descriptors, labelled

ME = np.array([[0.0, 1, 0, 0, 1, 1, 0]])  # red above, blue below, no bag


@pytest.fixture(scope="module")
def model() -> AttributeModel:
    return fit_model(labelled(), "net")


def test_answers_what_is_worn_with_probabilities_of_one_sum(model: AttributeModel) -> None:
    (found,) = model.answers([descriptors(ME)])
    assert {name: answer.said for name, answer in found.items()} == {
        "upper_colour": "red", "lower_colour": "blue", "bag": "no",
    }  # fmt: skip
    for answer in found.values():
        assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert "none" not in found["upper_colour"].probabilities  # nobody of the set goes without


def test_scores_of_others_are_good_and_honest(model: AttributeModel) -> None:
    scores = measured(model, labelled(people=200, seed=1))
    for kind in ("crops", "tracklets"):
        for name, one in scores[kind].items():
            assert set(one) == set(COLUMNS)
            assert one["majority"] < 0.6
            assert one["accuracy"] > 0.9, (kind, name)
            assert one["balanced"] == pytest.approx(one["accuracy"], abs=0.05)
            assert one["calibration_error"] < 0.06
            assert one["right"] >= one["accuracy"]
    assert scores["tracklets"]["upper_colour"]["accuracy"] > scores["crops"]["upper_colour"]["accuracy"]
    assert len(table(scores)) == 1 + 2 * 3


def test_unsure_is_unknown(model: AttributeModel) -> None:
    (found,) = model.answers([descriptors(np.array([[0.5, 0.5, 0, 0, 1, 1, 0]]))])
    assert found["upper_colour"].said is None
    assert found["upper_colour"].seen
    assert found["lower_colour"].said == "blue"
    stricter = dataclasses.replace(model, least_probability=1.0)
    assert stricter.answers([descriptors(ME)])[0]["bag"].said is None


def test_what_no_crop_shows_is_not_seen_and_one_that_shows_it_is_enough(model: AttributeModel) -> None:
    hidden = descriptors(ME, legs=0.0)
    (found,) = model.answers([hidden])
    assert found["lower_colour"].said is None
    assert not found["lower_colour"].seen
    assert found["upper_colour"].said == "red"
    black = ME.copy()
    black[0, 3:5] = 1, 0
    both = Descriptors.concatenate([hidden, descriptors(black)])
    assert model.answers([both])[0]["lower_colour"].said == "black"  # the hidden blue one says nothing about it


def test_good_crops_count_more_than_bad_ones(model: AttributeModel) -> None:
    black = np.roll(ME, 0)
    black[0, :3] = 1, 0, 0
    crops = Descriptors.concatenate([descriptors(ME, quality=0.9), descriptors(black, quality=0.1)])
    assert model.answers([crops])[0]["upper_colour"].likeliest == "red"


def test_nobody_and_people_without_crops(model: AttributeModel) -> None:
    assert model.answers([]) == []
    nothing = descriptors(ME)[:0]
    empty, full = model.answers([nothing, descriptors(ME)])
    assert full["upper_colour"].said == "red"
    assert all(answer.said is None and not answer.seen for answer in empty.values())
    assert empty["bag"].probabilities["no"] == pytest.approx(0.5, abs=0.2)  # as people do on the whole
    (alone,) = model.answers([nothing])
    assert alone == empty


def test_many_people_are_answered_as_each_alone(model: AttributeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reid.attributes.model._BLOCK", 3)
    vectors = np.random.default_rng(0).normal(size=(7, 7))
    together = model.answers([descriptors(one[None]) for one in vectors])
    for one, found in zip(vectors, together, strict=True):
        (alone,) = model.answers([descriptors(one[None])])
        for name, answer in alone.items():
            assert found[name].probabilities == pytest.approx(answer.probabilities)


def test_an_answer_is_the_tempered_softmax_of_its_scores(model: AttributeModel) -> None:
    (found,) = model.answers([descriptors(ME)])
    for one in model.classifiers:
        scores = ME[0] @ one.linear.weight + one.linear.bias
        expected = dict(zip(one.answers, softmax(scores / one.temperature), strict=True))
        assert found[one.question.name].probabilities == pytest.approx(expected, abs=1e-6)


def test_rare_answers_are_left_out_and_count_as_wrong(model: AttributeModel) -> None:
    crops = labelled(people=60)
    rows = crops.attributes.rows.copy()
    rows[rows[:, 0] == 2, 0] = 1
    rows[crops.identity < 3, 0] = 2  # three people in blue
    rare = crops._replace(attributes=dataclasses.replace(crops.attributes, rows=rows))
    fitted = fit_model(rare, "net")
    assert next(one.answers for one in fitted.classifiers if one.question.name == "upper_colour") == ("black", "red")
    blue = rare.of(crops.identity < 3)
    assert measured(fitted, blue)["crops"]["upper_colour"]["accuracy"] == 0


def test_missing_labels_are_neither_fitted_nor_measured() -> None:
    crops = labelled()
    rows = crops.attributes.rows.copy()
    rows[crops.identity % 2 == 0, 2] = -1
    some = crops._replace(attributes=dataclasses.replace(crops.attributes, rows=rows))
    fitted = fit_model(some, "net")
    odd = fit_model(crops.of(crops.identity % 2 == 1), "net")
    ours, theirs = (next(c for c in m.classifiers if c.question.name == "bag") for m in (fitted, odd))
    assert ours.linear.weight.tobytes() == theirs.linear.weight.tobytes()
    one = measured(fitted, some)["crops"]["bag"]
    assert one == measured(fitted, crops.of(crops.identity % 2 == 1))["crops"]["bag"]


def test_too_few_people_and_sets_without_questions_are_refused() -> None:
    crops = labelled(people=10)
    with pytest.raises(InputError, match="8 people or more to fit on, got 3"):
        fit_model(crops.of(crops.identity < 3), "net")
    other = dataclasses.replace(crops.attributes, values={"a": ("x", "y"), "b": ("x", "y", "z"), "c": ("x", "y")})
    with pytest.raises(InputError, match="none of the questions"):
        fit_model(crops._replace(attributes=other), "net")


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_split_takes_a_share_of_the_people_whole(share: float) -> None:
    identity = np.repeat([3, 5, 7, 11, 13, 17, 19, 23], 3)
    chosen = split(identity, share)
    assert chosen.reshape(8, 3).all(axis=1).sum() == 8 * share
    assert chosen.sum() == 24 * share


def test_confidence_error() -> None:
    hit = np.array([True, True, True, False])
    assert confidence_error(np.full(4, 0.75), hit) == pytest.approx(0)
    assert confidence_error(np.full(4, 0.95), hit) == pytest.approx(0.2)
    assert confidence_error(np.array([0.95, 0.95, 0.95, 0.45]), hit) == pytest.approx((3 * 0.05 + 0.45) / 4)
    assert confidence_error(np.zeros(0), np.zeros(0, bool)) == 0


def test_round_trip_answers_the_same(model: AttributeModel, tmp_path) -> None:
    assert not has_model(tmp_path)
    write_model(model, tmp_path)
    assert has_model(tmp_path)
    again = read_model(tmp_path, "net")
    ours, theirs = model.answers([descriptors(ME)])[0], again.answers([descriptors(ME)])[0]
    for name, answer in ours.items():
        assert theirs[name].said == answer.said
        assert theirs[name].probabilities == pytest.approx(answer.probabilities, abs=1e-5)
    assert again.scores == model.scores
    assert [one.question for one in again.classifiers] == [one.question for one in model.classifiers]


def test_a_model_that_cannot_be_written_leaves_the_old_one(model: AttributeModel, tmp_path) -> None:
    write_model(model, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with files_at_most(len(before[TENSORS])), pytest.raises(OutputError, match="cannot write"):
        write_model(dataclasses.replace(model, scores={"note": "x" * len(before[TENSORS])}), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_network_and_damaged_files_are_refused(model: AttributeModel, tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"no attributes for this network.*reid attributes"):
        read_model(tmp_path, "net")
    path = write_model(model, tmp_path)
    good = path.read_text()
    with pytest.raises(WeightsError, match="made for net, the network is other"):
        read_model(tmp_path, "other")
    for broken in ("{", "[]", good.replace('"format": 1', '"format": 9'), good.replace('"answers"', '"replies"')):
        path.write_text(broken)
        with pytest.raises(WeightsError, match="reid attributes"):
            read_model(tmp_path, "net")
    path.write_text(good.replace('"black",\n        "red"', '"red"'))
    with pytest.raises(WeightsError, match="not attributes of ours"):
        read_model(tmp_path, "net")
    path.write_text(good)
    with (tmp_path / TENSORS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match="sha256 expected"):
        read_model(tmp_path, "net")
    (tmp_path / TENSORS).unlink()
    with pytest.raises(WeightsError, match=TENSORS):
        read_model(tmp_path, "net")
    assert FILE == "attributes.json"


def test_other_inputs_can_be_asked_for() -> None:
    crops: Labelled = labelled()
    fitted = fit_model(crops, "net", AttributesConfig(blocks=("global", "stripes", "parts")))
    assert fitted.classifiers[0].linear.weight.shape[0] == 7 + 4 + 10
    assert fitted.answers([descriptors(ME)])[0]["upper_colour"].said == "red"
