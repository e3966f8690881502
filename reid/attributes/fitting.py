"""Fit the attribute model to descriptors of labelled people, and measure it on others."""

import dataclasses
from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from core.errors import InputError
from core.types import Descriptors
from reid.attributes.combining import fit_correlation
from reid.attributes.config import AttributesConfig
from reid.attributes.inputs import inputs
from reid.attributes.logistic import fit_linear, fit_temperature, log_loss, logits
from reid.attributes.model import AttributeModel, Classifier, crop_weights
from reid.attributes.questions import Labels, labelled
from reid.data.attributes import MISSING, AttributeLabels

LEAST_PEOPLE = 8  # of a set in all: some to fit on, some to choose by, some to measure on


class Labelled(NamedTuple):
    """Crops (n): their descriptors, who is on them (n,), the tracklet each is of (n,), and what is worn."""

    found: Descriptors
    identity: np.ndarray
    tracklet: np.ndarray
    attributes: AttributeLabels

    def of(self, rows: np.ndarray) -> "Labelled":
        """Those where `rows` (n,) bool holds."""
        worn = dataclasses.replace(self.attributes, rows=self.attributes.rows[rows])
        return Labelled(self.found[rows], self.identity[rows], self.tracklet[rows], worn)


def split(identity: np.ndarray, share: float) -> np.ndarray:
    """(n,) bool: crops of a share of the people, every so many of them in the order of their numbers."""
    names = np.unique(identity)
    chosen = names[np.floor(np.arange(1, len(names) + 1) * share) > np.floor(np.arange(len(names)) * share)]
    return np.isin(identity, chosen)


def fit_model(crops: Labelled, network: str, config: AttributesConfig | None = None) -> AttributeModel:
    """Classifiers for all QUESTIONS that `crops` has labels for.

    Penalty, temperature and correlation are chosen on people that the classifier was not fitted on; then it is fitted
    again to all. Raises InputError: fewer than LEAST_PEOPLE, or labels for no question.
    """
    config = config or AttributesConfig()
    if (people := len(np.unique(crops.identity))) < LEAST_PEOPLE:
        raise InputError(f"attributes: expected {LEAST_PEOPLE} people or more to fit on, got {people}")
    fitted = [_fitted(one, crops, config) for one in labelled(crops.attributes)]
    classifiers = tuple(one for one in fitted if one is not None)
    if not classifiers:
        raise InputError("attributes: the set has labels for none of the questions, or one answer to each")
    return AttributeModel(network, config.blocks, config.least_probability, config.least_visibility, classifiers)


def _fitted(labels: Labels, crops: Labelled, config: AttributesConfig) -> Classifier | None:
    """None where there is but one answer."""
    answers, right = _common(labels, crops.identity, config.least_people)
    if len(answers) < 2:
        return None
    weights = crop_weights(crops.found, labels.question, config.least_visibility)
    used = (right >= 0) & (weights > 0)
    rows, right, weights = inputs(crops.found, config.blocks)[used], right[used], weights[used]
    identity, tracklet = crops.identity[used], crops.tracklet[used]
    tuning = split(identity, config.tuning_share)
    trials = [fit_linear(rows[~tuning], right[~tuning], len(answers), one) for one in config.penalties]
    scores = [logits(rows[tuning], one) for one in trials]
    best = int(np.argmin([log_loss(log_softmax(one, axis=1), right[tuning]) for one in scores]))
    temperature = fit_temperature(scores[best], right[tuning])
    counts = np.bincount(right, minlength=len(answers)) + 1  # an answer that nobody here gives is not impossible
    prior = np.log(counts / counts.sum())
    log_p = log_softmax(scores[best] / temperature, axis=1)
    _, first, sets = np.unique(tracklet[tuning], return_index=True, return_inverse=True)
    correlation = fit_correlation(log_p, weights[tuning], sets, right[tuning][first], prior)
    linear = fit_linear(rows, right, len(answers), config.penalties[best])
    return Classifier(labels.question, answers, linear, temperature, prior, correlation)


def _common(labels: Labels, identity: np.ndarray, least_people: int) -> tuple[tuple[str, ...], np.ndarray]:
    """The answers that enough people give, and which is right (n,); negative: unknown, or none of them."""
    people = [len(np.unique(identity[labels.column == place])) for place in range(len(labels.answers))]
    kept = [place for place, count in enumerate(people) if count >= least_people]
    places = np.full(len(labels.answers) + 1, MISSING)
    places[kept] = np.arange(len(kept))
    return tuple(labels.answers[place] for place in kept), places[labels.column]
