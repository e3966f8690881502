"""The whole of association: identities, their order, their reasons, and what a user may throw at it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingError
from core.types import Evidence
from pipeline.association import AssociateConfig, associate
from pipeline.association.constraints import check
from pipeline.association.scale import strangers_distance
from tests.association.worlds import appearance, cameras, cosine, crowd, descriptors, tracklet


def test_people_get_one_identity_each() -> None:
    tracklets, appearances, truth = crowd(np.random.default_rng(0), 6, "abc", 0.1)
    identities = associate(tracklets, appearances, cameras("a", "b", "c"), looks=cosine)
    assert len(identities) == 6
    for identity in identities:
        assert len({truth[key] for key in identity.tracklets}) == 1
        assert len(identity.tracklets) == 3


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.floats(0, 1))
def test_order_of_input_does_not_matter_and_nothing_is_broken(seed: int, people: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    tracklets, appearances, _ = crowd(rng, people, "ab", noise)
    first = associate(tracklets, appearances, cameras("a", "b"), looks=cosine)
    check(tracklets, first)
    shuffled = [tracklets[row] for row in rng.permutation(len(tracklets))]
    keys = [list(appearances)[row] for row in rng.permutation(len(appearances))]
    second = associate(shuffled, {key: appearances[key] for key in keys}, cameras("b", "a"), looks=cosine)
    assert first == second


def test_ids_follow_first_appearance_then_camera_then_local_id() -> None:
    late, early = tracklet("a", 1, range(50, 60)), tracklet("b", 9, range(10, 20))
    twin, other = tracklet("b", 2, range(30, 35)), tracklet("a", 7, range(10, 20))
    looks = {one.key: appearance(one, np.eye(4)[[row]]) for row, one in enumerate((late, early, twin, other))}
    identities = associate([late, early, twin, other], looks, cameras("a", "b"), looks=cosine)
    assert [identity.tracklets[0] for identity in identities] == [other.key, early.key, twin.key, late.key]
    assert [identity.id for identity in identities] == [1, 2, 3, 4]


def test_evidence_names_the_best_pair_and_its_frames() -> None:
    one, other = tracklet("a", 1, [3, 4]), tracklet("b", 1, [8, 9])
    stranger = tracklet("b", 2, [8, 9])
    looks = {
        one.key: appearance(one, np.array([[1, 1, 0], [1, 0, 0]])),
        other.key: appearance(other, np.array([[1, 0, 0], [1, -1, 0]])),
        stranger.key: appearance(stranger, np.array([[0, 0, 1]])),
    }
    identities = associate([one, other, stranger], looks, cameras("a", "b"), looks=cosine)
    evidence = identities[0].evidence[one.key]
    assert evidence.best_pair == other.key
    assert evidence.frames == (4, 8)
    assert evidence.score is not None and 0 < evidence.score <= 1
    assert evidence.margin is not None and evidence.margin > 0
    assert evidence.probability is not None and evidence.probability > 0.5
    assert identities[1].evidence[stranger.key] == Evidence()


def test_without_descriptors_everybody_is_alone() -> None:
    one, other, empty = tracklet("a", 1, [0]), tracklet("b", 1, [0]), tracklet("b", 2, [])
    looks = {one.key: appearance(one, np.zeros((0, 4)))}
    identities = associate([one, other, empty], looks, cameras("a", "b"), looks=cosine)
    assert [identity.tracklets for identity in identities] == [(one.key,), (other.key,), (empty.key,)]
    assert all(identity.evidence[identity.tracklets[0]] == Evidence(unknown=True) for identity in identities)
    assert associate([], {}, []) == []


def test_two_in_one_frame_stay_two_though_they_look_the_same() -> None:
    tracklets = [tracklet("a", 1, range(10)), tracklet("a", 2, range(9, 20)), tracklet("a", 3, range(30, 40))]
    looks = {one.key: appearance(one, np.ones((1, 4))) for one in tracklets}
    identities = associate(tracklets, looks, cameras("a"), looks=cosine)
    assert sorted(len(identity.tracklets) for identity in identities) == [1, 2]


def test_caution_goes_from_merging_all_to_merging_none() -> None:
    tracklets, appearances, _ = crowd(np.random.default_rng(1), 8, "abc", 0.45)
    counts = [
        len(associate(tracklets, appearances, [], AssociateConfig(caution=caution), looks=cosine))
        for caution in (0, 0.25, 0.5, 0.75, 1)
    ]
    assert counts == sorted(counts) and counts[0] < counts[-1]


def test_who_might_as_well_be_elsewhere_is_unknown() -> None:
    """Between two twins of one frame: sure enough for a low caution, unknown for a high one, and it is said so."""
    one, other, between = tracklet("a", 1, range(10)), tracklet("a", 2, range(10)), tracklet("b", 1, range(10))
    looks = {
        one.key: appearance(one, np.array([[1, 0.9, 0.0]])),
        other.key: appearance(other, np.array([[0.9, 1, 0.0]])),
        between.key: appearance(between, np.array([[1, 0.99, 0.0]])),
    }
    free, sure = (
        associate(
            [one, other, between], looks, [], AssociateConfig(caution, travel=False, unknown_below=0.7), looks=cosine
        )
        for caution in (0.2, 0.8)
    )
    assert [len(identity.tracklets) for identity in free] == [2, 1]
    assert [len(identity.tracklets) for identity in sure] == [1, 1, 1]
    told = {key: why for identity in sure for key, why in identity.evidence.items()}
    before = free[0].evidence[between.key]
    assert told[between.key].unknown and not before.unknown
    assert (told[between.key].best_pair, told[between.key].score) == (before.best_pair, before.score)
    probability = told[between.key].probability
    assert probability is not None and 0.5 < probability < 0.8 * 0.7


def test_default_distance_is_the_one_of_reid() -> None:
    tracklets, appearances, truth = crowd(np.random.default_rng(0), 4, "ab", 0.05)
    identities = associate(tracklets, appearances, cameras("a", "b"))
    assert [len({truth[key] for key in identity.tracklets}) for identity in identities] == [1] * 4


def test_scale_is_what_strangers_measure() -> None:
    distance, known = np.full(6, 0.2), np.ones(6)
    assert strangers_distance(distance, known, 0) == pytest.approx(0.2)
    assert strangers_distance(distance, known, 6) == pytest.approx(0.6)
    assert strangers_distance(distance, known * 0, 6) == 1
    assert strangers_distance(distance[:0], known[:0], 6) == 1
    assert strangers_distance(distance * 0, known, 0) > 0


def test_crowded_similarities_still_tell_people_apart() -> None:
    """A network for which strangers are at cosine 0.8: a fixed threshold would merge everybody."""
    rng = np.random.default_rng(0)
    tracklets, appearances, truth = crowd(rng, 7, "abc", 0.02)
    common = np.full(8, 2.0 / np.sqrt(8))
    crowded = {
        key: type(one)(key, one.frames, descriptors(one.descriptors.global_ + common))
        for key, one in appearances.items()
    }
    config = AssociateConfig(scale_prior=0)
    identities = associate(tracklets, crowded, cameras("a", "b", "c"), config, looks=cosine)
    assert [len({truth[key] for key in identity.tracklets}) for identity in identities] == [1] * 7


@pytest.mark.parametrize(
    "bad", [{"caution": 2}, {"caution": -0.1}, {"sure_distance": 0.9}, {"travel_width_s": 0}, {"repair_rounds": -1}]
)
def test_settings_that_make_no_sense(bad: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"associate.{next(iter(bad))}"):
        AssociateConfig(**bad)
