"""What the user said stands, and what contradicts itself is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConstraintError, InputError, UsageError
from core.types import Appearance, Identity, TrackletKey
from pipeline.association import associate
from pipeline.association.corrections import (
    Corrections,
    check_corrections,
    read_corrections,
    resolve_corrections,
)
from pipeline.association.pair_set import PairSet
from tests.association.worlds import cameras, cosine, crowd, descriptors, tracklet

A1, A2, B1, B2 = TrackletKey("a", 1), TrackletKey("a", 2), TrackletKey("b", 1), TrackletKey("b", 2)


def written(folder: Path, text: str) -> Path:
    path = folder / "corrections.toml"
    path.write_text(text)
    return path


def test_the_file(tmp_path: Path) -> None:
    text = '[[must_link]]\ntracklets = ["a:1", "b:2"]\n[[cannot_link]]\ntracklets = ["a:1", "b:1", "north:door:7"]\n'
    found = read_corrections(written(tmp_path, text))
    assert found.must_link == ((A1, B2),)
    assert found.cannot_link == ((A1, B1, TrackletKey("north:door", 7)),)
    assert not read_corrections(tmp_path / "none.toml").mentioned()


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("[[must_link", InputError, "cannot be read as TOML"),
        ('[[must_link]]\ntracklets = ["a:1"]', UsageError, r"must_link\.0\.tracklets"),
        ('[[mustlink]]\ntracklets = ["a:1", "b:1"]', UsageError, "mustlink"),
        ('[[must_link]]\ntracklets = ["a1", "b:1"]', UsageError, 'expected "camera:local id".*a1'),
    ],
)
def test_mistakes_name_the_file(tmp_path: Path, text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=f"corrections.toml.*{says}"):
        read_corrections(written(tmp_path, text))


def test_contradictions_are_named() -> None:
    keys, nobody = [A1, A2, B1, B2], PairSet.empty(4)
    both = Corrections(must_link=((A1, B1), (B1, B2)), cannot_link=((A1, B2),))
    with pytest.raises(UsageError, match=r'"b:2" and "a:1" cannot be one person .* directly or through others'):
        resolve_corrections(both, keys, nobody)
    share = PairSet.of(4, np.array([1]), np.array([0]))
    with pytest.raises(UsageError, match=r'"a:1" and "a:2" must be one person .*share a frame'):
        resolve_corrections(Corrections(must_link=((A1, B1), (A2, B1))), keys, share)
    with pytest.raises(UsageError, match='no tracklet "a:11"; did you mean "a:1"'):
        resolve_corrections(Corrections(must_link=((TrackletKey("a", 11), B1),)), keys, nobody)


def test_links_reach_through_others() -> None:
    links = resolve_corrections(
        Corrections(must_link=((B2, A2), (A1, B1), (B1, A2))), [A1, A2, B1, B2], PairSet.empty(4)
    )
    assert links.start.tolist() == [0, 0, 0, 0] and links.apart.shape == (0, 2)


def groups(identities: list[Identity]) -> set[frozenset[TrackletKey]]:
    return {frozenset(one.tracklets) for one in identities}


def test_corrections_overrule_looks() -> None:
    tracklets, looks, _ = crowd(np.random.default_rng(0), 3, "ab", 0.02)
    at = cameras("a", "b")
    plain = groups(associate(tracklets, looks, at, looks=cosine))
    assert frozenset({A1, B1}) in plain
    wrong = Corrections(must_link=((A1, B2),), cannot_link=((A1, B1),))
    found = groups(associate(tracklets, looks, at, looks=cosine, corrections=wrong))
    assert any({A1, B2} <= group for group in found) and not any({A1, B1} <= group for group in found)


def test_a_tracklet_without_a_crop_can_be_linked() -> None:
    tracklets = [tracklet("a", 1, range(5)), tracklet("a", 2, range(9, 12)), tracklet("b", 1, range(5))]
    looks = {B1: Appearance(B1, np.array([0]), descriptors(np.eye(1, 4)))}
    linked = Corrections(must_link=((A1, A2, B1),))
    found = associate(tracklets, looks, cameras("a", "b"), looks=cosine, corrections=linked)
    assert groups(found) == {frozenset({A1, A2, B1})}
    assert set(found[0].evidence) == {A1, A2, B1}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_corrections_stand_or_are_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracklets, looks, _ = crowd(rng, 4, "abc", 0.3)
    keys = [one.key for one in tracklets]

    def some() -> tuple[tuple[TrackletKey, ...], ...]:
        return tuple(tuple(keys[i] for i in rng.choice(len(keys), 2, False)) for _ in range(rng.integers(0, 3)))

    corrections = Corrections(some(), some())
    try:
        found = associate(tracklets, looks, cameras("a", "b", "c"), looks=cosine, corrections=corrections)
    except UsageError as error:
        assert "corrections.toml" in str(error) and corrections.must_link
        return
    check_corrections(corrections, found)
    owner = {key: one.id for one in found for key in one.tracklets}
    assert all(owner[one] == owner[other] for one, other in corrections.must_link)
    assert all(owner[one] != owner[other] for one, other in corrections.cannot_link)


def test_the_proof_can_fail() -> None:
    apart = [Identity(1, (A1,)), Identity(2, (B1,))]
    with pytest.raises(ConstraintError, match="are not one identity"):
        check_corrections(Corrections(must_link=((A1, B1),)), apart)
    with pytest.raises(ConstraintError, match="are one identity"):
        check_corrections(Corrections(cannot_link=((A1, B1),)), [Identity(1, (A1, B1))])
