"""Travel times learned from confident matches."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.association.travel import Timeline
from tests.association.dense import time_evidence


def slow(timeline: Timeline, label: np.ndarray, width_s: float, prior: float) -> np.ndarray:
    """The definition, pair by pair, without bins."""
    count = len(label)
    pairs = [(i, j) for i in range(count) for j in range(count) if i != j]
    chance = max(np.mean([label[i] == label[j] for i, j in pairs]), 1e-3)
    out = np.zeros((count, count))

    def difference(i: int, j: int) -> float:
        value = timeline.middle_s[j] - timeline.middle_s[i]
        return abs(value) if timeline.clock[i] == timeline.clock[j] else value

    for i, j in pairs:
        observed = everyone = 0.0
        clocks = (timeline.clock[i], timeline.clock[j])
        for k in np.flatnonzero(timeline.clock == clocks[0]):
            for m in np.flatnonzero(timeline.clock == clocks[1]):
                if k == m:
                    continue
                near = np.exp(-abs(difference(i, j) - difference(k, m)) / width_s)
                near /= 2 if clocks[0] == clocks[1] else 1
                everyone += near
                if label[k] == label[m] and not label[k] == label[i] == label[j]:
                    observed += near
        out[i, j] = np.log((observed + prior) / (everyone * chance + prior))
    return out


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_equals_the_definition(seed: int, count: int) -> None:
    """But for the width of a bin."""
    rng = np.random.default_rng(seed)
    timeline = Timeline(rng.integers(0, 2, count), rng.integers(0, 8, count) * 4.0)
    label = rng.integers(0, 4, count)
    ours = time_evidence(timeline, label, 8.0, 1.0)
    np.testing.assert_allclose(ours, ours.T)
    expected = slow(timeline, label, 8.0, 1.0)
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_learns_an_unknown_offset() -> None:
    """Cameras an hour apart: the right pairs gain, the wrong ones lose, and few matches say little."""
    rng = np.random.default_rng(0)
    people = 40
    start_s = rng.uniform(0, 2000, people)
    middle_s = np.concatenate([start_s, start_s + 3600 + rng.normal(15, 3, people)])
    timeline = Timeline(np.repeat([0, 1], people), middle_s)
    person = np.tile(np.arange(people), 2)
    label = np.where(person < 20, person, np.arange(2 * people))  # half of them are matched with confidence
    nats = time_evidence(timeline, label, 10.0, 1.0)
    rest = np.arange(20, people)
    right = nats[rest, rest + people]
    wrong = nats[np.ix_(rest, rest + people)][~np.eye(20, dtype=bool)]
    assert right.min() > 1.5
    assert np.median(wrong) < 0
    alone = time_evidence(timeline, np.arange(2 * people), 10.0, 1.0)
    assert np.abs(alone).max() < 0.5


def test_a_pair_does_not_testify_for_itself() -> None:
    timeline = Timeline(np.array([0, 1]), np.array([0.0, 7.0]))
    assert time_evidence(timeline, np.array([0, 0]), 10.0, 1.0)[0, 1] <= 0


def test_months_apart_cost_no_memory() -> None:
    timeline = Timeline(np.array([0, 0, 1]), np.array([0.0, 1e12, 5.0]))
    assert np.isfinite(time_evidence(timeline, np.arange(3), 1.0, 1.0)).all()


def test_nothing() -> None:
    assert time_evidence(Timeline(np.zeros(0, int), np.zeros(0)), np.zeros(0, int), 1.0, 1.0).shape == (0, 0)


def test_weight_is_the_root_of_the_length_and_the_longest_tenth_count_alike():
    weight = Timeline(np.zeros(20, int), np.zeros(20), np.array([100.0] * 3 + [25.0] * 16 + [0.0])).weight()
    np.testing.assert_allclose(weight, [1.0] * 3 + [0.5] * 16 + [0.1])
    np.testing.assert_array_equal(Timeline(np.zeros(2, int), np.zeros(2)).weight(), [1, 1])
    np.testing.assert_array_equal(Timeline(np.zeros(2, int), np.zeros(2), np.zeros(2)).weight(), [1, 1])
    assert Timeline(np.zeros(0, int), np.zeros(0), np.zeros(0)).weight().shape == (0,)
