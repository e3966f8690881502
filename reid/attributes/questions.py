"""What is asked about clothes and carried things. Nothing else is: never age, sex or ethnicity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from reid.data.attributes import MISSING, AttributeLabels

NOTHING, ANYTHING = "no", "yes"  # for questions about things that need not be there: `bag=no`, `bag=yes`


@dataclass(frozen=True)
class Question:
    """One question.

    name: in files. word: in filters; `upper=red` and `upper=coat` are two questions of one word. source: the attribute
    of the shards that answers it. merged: what another value of it is called here, for values too rare or too alike to
    be told apart. parts: body parts (`reid.parts`) of which one must be seen; none: any crop will do.
    """

    name: str
    word: str
    source: str
    merged: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


class Labels(NamedTuple):
    """A question, its possible answers, and which one is right for each crop: column (n,) int64, MISSING: unknown."""

    question: Question
    answers: tuple[str, ...]
    column: np.ndarray


_LEGS = ("lower", "legs", "left_leg", "right_leg")  # as networks of 3, 5 and 8 parts call them
_FEET = ("lower", "feet", "left_foot", "right_foot")
_NO_COAT = ("t_shirt", "shirt", "sweater", "hoodie", "jacket", "suit", "dress", "vest", "none")
_COLOURED = ("grey", "navy", "blue", "beige", "brown", "red", "green", "yellow", "orange", "pink", "purple")
# Sleeves, patterns, hats and other kinds of garments are not asked for: docs/reid.md says how they did.
QUESTIONS = (
    Question("upper_colour", "upper", "upper_colour"),
    Question("upper_kind", "upper", "upper", dict.fromkeys(_NO_COAT, "no_coat")),
    Question("lower_colour", "lower", "lower_colour", parts=_LEGS),
    Question("lower_length", "length", "lower_length", {"knee": "short"}, parts=_LEGS),
    Question("shoe_colour", "shoes", "shoe_colour", dict.fromkeys(_COLOURED, "other"), parts=_FEET),
    Question("bag", "bag", "bag", {"none": NOTHING, "shoulder_bag": "bag", "hand_bag": "bag"}),
)


def labelled(attributes: AttributeLabels) -> list[Labels]:
    """The QUESTIONS that a set has labels for."""
    found = []
    for one in QUESTIONS:
        named = [one.merged.get(value, value) for value in attributes.values.get(one.source, ())]
        answers = tuple(dict.fromkeys(named))
        places = np.array([*(answers.index(name) for name in named), MISSING], np.int64)
        if answers:
            found.append(Labels(one, answers, places[attributes.column(one.source)]))  # MISSING, -1, picks the last
    return found
