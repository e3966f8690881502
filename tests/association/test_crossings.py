"""Tails exchanged at crossings: by movement, by height, and never a position lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.crossings import Track, best_exchange, untangled

FPS = 4.0
CONFIG = LocateConfig()


def walk(places_m: np.ndarray, height_m: float, first: int = 0, noise: int | None = None) -> Track:
    rng = np.random.default_rng(noise)
    sway = 0.0 if noise is None else 0.03
    seen = np.column_stack([places_m, np.full(len(places_m), height_m)]) + sway * rng.normal(size=(len(places_m), 3))
    speeds = np.gradient(places_m, 1 / FPS, axis=0)
    return Track(first, np.column_stack([places_m, speeds]), seen, np.tile(np.eye(2) * 0.01**2, (len(places_m), 1, 1)))


def crossing() -> tuple[np.ndarray, np.ndarray]:
    """Two people walk straight through each other's place at step 20, 1 m/s, at right angles."""
    along = (np.arange(41) - 20) / FPS
    return np.column_stack([along, 0 * along]), np.column_stack([0 * along, along + 0.1])


def waiting() -> tuple[np.ndarray, np.ndarray]:
    """Two people come together, stand 0.2 m apart for five seconds, and go back where they came from."""
    along = np.concatenate([np.arange(-2, 0, 0.25), np.zeros(20), np.arange(0, -2, -0.25)])
    return np.column_stack([along, 0 * along]), np.column_stack([0.2 - along, 0 * along])


def tangled(one: Track, other: Track, frame: int) -> list[Track]:
    return [one.until(frame).followed_by(other.since(frame)), other.until(frame).followed_by(one.since(frame))]


def test_movement_alone_tells_who_walked_on() -> None:
    a, b = (walk(places, 1.7, noise=seed) for seed, places in enumerate(crossing()))
    found = untangled(tangled(a, b, 20), FPS, CONFIG)
    for track, true in zip(found, (a, b), strict=True):
        away = np.abs(np.arange(41) - 20) > 2
        np.testing.assert_allclose(track.means[away], true.means[away])


def test_heights_tell_who_is_who_after_standing_together() -> None:
    a, b = (
        walk(places, height, noise=seed)
        for seed, (places, height) in enumerate(zip(waiting(), (1.6, 1.8), strict=True))
    )
    found = untangled(tangled(a, b, 18), FPS, CONFIG)
    np.testing.assert_allclose(found[0].means[-8:], a.means[-8:])
    np.testing.assert_allclose(found[1].means[-8:], b.means[-8:])


def test_who_is_right_stays() -> None:
    for places in (crossing(), waiting()):
        tracks = [
            walk(one, height, noise=seed) for seed, (one, height) in enumerate(zip(places, (1.6, 1.8), strict=True))
        ]
        found = untangled(tracks, FPS, CONFIG)
        assert all(track is before for track, before in zip(found, tracks, strict=True))


def test_without_a_box_nothing_is_said() -> None:
    a, b = (walk(places, 1.7) for places in crossing())
    blind = [Track(one.first, one.means, np.full_like(one.seen, np.nan), one.spread) for one in (a, b)]
    ratio, _ = best_exchange(*blind, FPS, CONFIG)
    assert ratio == 0
    assert untangled(blind, FPS, CONFIG) == blind


def test_far_apart_or_never_together_there_is_no_crossing() -> None:
    a, b = crossing()
    assert best_exchange(walk(a, 1.7), walk(b + 5, 1.7), FPS, CONFIG)[0] == -np.inf
    assert best_exchange(walk(a, 1.7), walk(b, 1.7, first=60), FPS, CONFIG)[0] == -np.inf


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_every_position_stays(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    tracks = []
    for _ in range(count):
        length, first = int(rng.integers(3, 30)), int(rng.integers(0, 10))
        track = walk(rng.normal(0, 0.5, (length, 2)).cumsum(0) / 3, float(rng.uniform(1.5, 1.9)), first)
        track.seen[rng.random(length) < 0.3] = np.nan
        tracks.append(track)
    found = untangled(tracks, FPS, CONFIG)
    assert _rows(found) == _rows(tracks)
    assert len(found) == count


def _rows(tracks: list[Track]) -> list[tuple[float, ...]]:
    return sorted((track.first + step, *means) for track in tracks for step, means in enumerate(track.means.tolist()))


@pytest.mark.parametrize("frame", [0, 5, 41, 60])
def test_parts_put_together_are_the_track(frame: int) -> None:
    track = walk(crossing()[0], 1.7, first=3)
    whole = track.until(frame).followed_by(track.since(frame))
    assert whole.first == track.first
    np.testing.assert_array_equal(whole.means, track.means)
