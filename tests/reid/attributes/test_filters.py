"""`upper=red bag=yes`: what can be asked for, and what an answer makes of it."""

import numpy as np
import pytest

from core.errors import UsageError
from reid.attributes.filters import known, parse_filters
from reid.attributes.logistic import Linear
from reid.attributes.model import Answer, AttributeModel, Classifier
from reid.attributes.questions import Question


def classifier(question: Question, *answers: str) -> Classifier:
    count = len(answers)
    return Classifier(question, answers, Linear(np.zeros((2, count)), np.zeros(count)), 1.0, np.zeros(count), 1.0)


MODEL = AttributeModel(
    "net", ("global",), 0.7, 0.1,
    (
        classifier(Question("upper_colour", "upper", "upper_colour"), "black", "red", "grey", "other"),
        classifier(Question("upper_kind", "upper", "upper"), "coat", "other"),
        classifier(Question("bag", "bag", "bag"), "no", "backpack", "bag"),
    ),
)  # fmt: skip


def answer(seen: bool = True, **probabilities: float) -> Answer:
    return Answer(probabilities, seen, 0.7)


def test_a_word_means_the_colour_or_the_kind() -> None:
    first, second, third = parse_filters(["upper=red upper=coat", "bag=yes"], MODEL)
    assert (first.question, first.accepted) == ("upper_colour", ("red",))
    assert (second.question, second.accepted) == ("upper_kind", ("coat",))
    assert (third.question, third.accepted) == ("bag", ("backpack", "bag"))
    (own,) = parse_filters(["upper_kind=other"], MODEL)
    assert own.question == "upper_kind"
    (colour,) = parse_filters(["upper=other"], MODEL)
    assert colour.question == "upper_colour"  # the first of the word that has it


def test_everything_known_can_be_asked_for() -> None:
    for name, values in known(MODEL).items():
        for value in values:
            assert parse_filters([f"{name}={value}"], MODEL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uper=red", r"nothing is known about 'uper'; did you mean upper\? Known: upper, .*bag"),
        ("age=20", r"nothing is known about 'age'"),
        ("upper=gray", r"upper is never 'gray'; did you mean grey\? Known: black, red, grey, other, coat"),
        ("bag=perhaps", "bag is never 'perhaps'. Known: no, backpack, bag, yes"),
        ("red", "expected name=value"),
        ("upper=", "expected name=value"),
    ],
)
def test_unknown_names_and_values_name_the_nearest_and_list_the_known(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_filters([text], MODEL)


def test_probability_is_the_sum_of_what_is_accepted() -> None:
    (yes,) = parse_filters(["bag=yes"], MODEL)
    assert yes.probability({"bag": answer(no=0.2, backpack=0.5, bag=0.3)}) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("no", "seen", "verdict"),
    [(0.2, True, True), (0.3, True, True), (0.5, True, None), (0.75, True, False), (0.0, False, None)],
)
def test_verdict(no: float, seen: bool, verdict: bool | None) -> None:
    (yes,) = parse_filters(["bag=yes"], MODEL)
    assert yes.verdict({"bag": answer(seen, no=no, backpack=(1 - no) / 2, bag=(1 - no) / 2)}) is verdict
