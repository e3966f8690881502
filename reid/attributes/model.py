"""What somebody wears, read off descriptors by one linear classifier for each question."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import log_softmax

from core.types import Descriptors
from reid.attributes.combining import combined
from reid.attributes.inputs import inputs, seen
from reid.attributes.logistic import Linear, logits
from reid.attributes.questions import Question

_BLOCK = 1024  # people at a time: memory does not grow with a run
_LEAST_QUALITY = 1e-3  # a crop of which hardly anything can be seen still says more than none


@dataclass(frozen=True)
class Answer:
    """What is known about one question for one person.

    probabilities: of every answer, sum 1. seen: whether any crop shows what is asked about; where none does, they say
    only what people wear on the whole. least: probability that an answer needs.
    """

    probabilities: Mapping[str, float]
    seen: bool
    least: float

    @property
    def likeliest(self) -> str:
        """The likeliest answer, sure or not."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def said(self) -> str | None:
        """The answer; None, unknown, where it is not seen or not likely enough."""
        sure = self.seen and self.probabilities[self.likeliest] >= self.least
        return self.likeliest if sure else None

    def to_dict(self) -> dict[str, Any]:
        """answer: None where it is unknown; likeliest and its probability; seen."""
        probability = round(self.probabilities[self.likeliest], 4)
        return {"answer": self.said, "likeliest": self.likeliest, "probability": probability, "seen": self.seen}


@dataclass(frozen=True, eq=False)
class Classifier:
    """How one question is answered.

    answers (C); linear: of `inputs`; temperature: its logits are divided by it; prior (C,): logarithms of how many
    people would give each answer; correlation: how far crops of one person err together, see `combining`.
    """

    question: Question
    answers: tuple[str, ...]
    linear: Linear
    temperature: float
    prior: np.ndarray
    correlation: float

    def log_probabilities(self, rows: np.ndarray) -> np.ndarray:
        """(N, C) float64 of rows (N, F) of `inputs`."""
        return np.asarray(log_softmax(logits(rows, self.linear) / self.temperature, axis=1))


@dataclass(frozen=True, eq=False)
class AttributeModel:
    """One classifier for each question, for one network.

    network: identifier of the network whose descriptors it reads. blocks, least_probability, least_visibility: see
    AttributesConfig. scores: what was measured when it was made.
    """

    network: str
    blocks: tuple[str, ...]
    least_probability: float
    least_visibility: float
    classifiers: tuple[Classifier, ...]
    scores: Mapping[str, Any] = field(default_factory=dict)

    def answers(self, people: Sequence[Descriptors]) -> list[dict[str, Answer]]:
        """Of each person, from all of their crops: an Answer for every question by its name.

        A crop counts by its quality, and not at all for what it does not show. Nobody gives an empty list; a person
        without crops has only answers that are not seen.
        """
        nothing = {one.question.name: self._answer(one, one.prior, False) for one in self.classifiers}
        found = [dict(nothing) for _ in people]
        filled = [place for place, crops in enumerate(people) if len(crops)]
        for first in range(0, len(filled), _BLOCK):
            places = filled[first : first + _BLOCK]
            owner = np.repeat(np.arange(len(places)), [len(people[place]) for place in places])
            crops = Descriptors.concatenate([people[place] for place in places])
            for one, log_p, known in self.log_probabilities(crops, owner, len(places)):
                for place, row, shown in zip(places, log_p, known.tolist(), strict=True):
                    found[place][one.question.name] = self._answer(one, row, shown)
        return found

    def log_probabilities(
        self, crops: Descriptors, owner: np.ndarray, count: int
    ) -> Iterator[tuple[Classifier, np.ndarray, np.ndarray]]:
        """Each classifier, the log-probabilities (count, C) of its answers for `count` people, and whether what it asks
        about is seen (count,). owner (N,): whose a crop is, 0 to count − 1."""
        rows = inputs(crops, self.blocks)
        for one in self.classifiers:
            weights = crop_weights(crops, one.question, self.least_visibility)
            log_p = combined(one.log_probabilities(rows), weights, owner, count, one.prior, one.correlation)
            yield one, log_p, np.bincount(owner, weights=weights, minlength=count) > 0

    def _answer(self, one: Classifier, log_p: np.ndarray, shown: bool) -> Answer:
        shares = dict(zip(one.answers, np.exp(log_p).tolist(), strict=True))
        return Answer(shares, shown, self.least_probability)


def crop_weights(crops: Descriptors, question: Question, least_visibility: float) -> np.ndarray:
    """(N,) float64: how much each crop counts for a question; 0 where it does not show what is asked about."""
    shown = seen(crops, question.parts, least_visibility)
    return np.where(shown, np.maximum(crops.quality, _LEAST_QUALITY), 0.0).astype(np.float64)
