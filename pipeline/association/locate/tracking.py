"""From boxes to walks: everybody is followed through all cameras at once, then looked at again from the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import UsageError
from pipeline.association.locate.body import whole_views
from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.crossings import Track, untangled
from pipeline.association.locate.matching import claims, newcomers, without_duplicates
from pipeline.association.locate.scene import CameraDetections
from pipeline.association.locate.stitching import Walk, stitch
from pipeline.association.locate.walker import POSED, Gaussian, View, newborn, predict, smooth, update

ROUNDS = 2  # of claiming boxes: the second knows what the first taught


@dataclass(frozen=True, eq=False)
class Located:
    """Rows of positions: frames (N,) int64, identities (N,) int64 from 1, places_m (N, 2); by identity, then frame."""

    frames: np.ndarray
    identities: np.ndarray
    places_m: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(eq=False)
class _Person:
    """Somebody being followed: one entry per frame since the first."""

    first: int
    filtered: list[Gaussian]
    predicted: list[Gaussian]
    views: list[list[View]] = field(default_factory=list)

    @property
    def state(self) -> Gaussian:
        return self.filtered[-1]

    def last_seen(self) -> int:
        """How many frames since the first until the last with a box."""
        return max(step for step, views in enumerate(self.views) if views)


def locate(
    scene: Mapping[str, CameraDetections],
    fps: float,
    config: LocateConfig | None = None,
    size_px: tuple[float, float] | None = None,
) -> Located:
    """Everybody's positions in every frame between first and last seen; deterministic; no boxes, no rows.

    fps: frames per second of the scene's frame numbers. size_px: width and height of the pictures; as far as boxes
    reach in any camera if not given. Raises UsageError for an fps that is not above 0.
    """
    config = (config or LocateConfig()).among(max(1, len(scene)))
    if not fps > 0:
        raise UsageError(f"--fps: expected more than 0, got {fps}")
    frames = [detections.frames for detections in scene.values() if len(detections)]
    if not frames:
        return Located(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)))
    numbers = np.arange(min(int(f.min()) for f in frames), max(int(f.max()) for f in frames) + 1)
    active: list[_Person] = []
    ended: list[_Person] = []
    for number in numbers:
        boxes = _boxes_of(scene, int(number), config)
        _advance(active, scene, boxes, int(number), 1 / fps, config)
        gone = [p for p in active if len(p.views) - 1 - p.last_seen() > config.longest_gap_s * fps]
        ended += gone
        active = [person for person in active if person not in gone]
    tracks = [_track(person, 1 / fps, config) for person in ended + active if _believed(person, fps, config)]
    tracks.sort(key=lambda track: (track.first, *track.means[0]))
    walks = [Walk(track.first, track.means[:, :2], track.means[:, 2:]) for track in untangled(tracks, fps, config)]
    found = _number(stitch(sorted(walks, key=lambda walk: (walk.first, *walk.places_m[0])), fps, config))
    return _well_seen(found, scene, size_px or _size_px(scene), config)


def _size_px(scene: Mapping[str, CameraDetections]) -> tuple[float, float]:
    """As far as boxes reach in any camera: people at the edge are cut off there."""
    width, height = np.concatenate([one.boxes_xyxy[:, 2:] for one in scene.values()]).max(axis=0)
    return float(width), float(height)


def _well_seen(
    found: Located, scene: Mapping[str, CameraDetections], size_px: tuple[float, float], config: LocateConfig
) -> Located:
    projections = [one.projection for one in scene.values()]
    views = whole_views(projections, size_px, found.places_m, config.body_height_m, config.body_radius_m)
    keep = views >= config.whole_views
    _, identities = np.unique(found.identities[keep], return_inverse=True)
    return Located(found.frames[keep], identities + 1, found.places_m[keep])


def _boxes_of(scene: Mapping[str, CameraDetections], number: int, config: LocateConfig) -> dict[str, np.ndarray]:
    out = {}
    for name, detections in scene.items():
        rows = np.flatnonzero(detections.frames == number)
        rows = rows[without_duplicates(detections.boxes_xyxy[rows], detections.scores[rows], config)]
        out[name] = detections.boxes_xyxy[rows]
    return out


def _advance(
    active: list[_Person],
    scene: Mapping[str, CameraDetections],
    boxes: dict[str, np.ndarray],
    number: int,
    seconds: float,
    config: LocateConfig,
) -> None:
    """One frame: everybody moves on, claims boxes and learns from them; what nobody claims may be somebody new."""
    ahead = [predict(person.state, seconds, config) for person in active]
    states = ahead
    for _ in range(ROUNDS):
        rows = {name: claims(states, one.projection, boxes[name], config) for name, one in scene.items()}
        claimed = [_views(scene, boxes, rows, person) for person in range(len(active))]
        states = [update(before, list(views.values()), config) for before, views in zip(ahead, claimed, strict=True)]
    for person, before, after, views in zip(active, ahead, states, claimed, strict=True):
        person.predicted.append(before)
        person.filtered.append(after)
        person.views.append(list(views.values()))
    free = {name: np.delete(found, [r for r in rows[name] if r >= 0], axis=0) for name, found in boxes.items()}
    taken = np.array([state.mean[:2] for state in states]).reshape(-1, 2)
    for state, seen in newcomers(scene, free, taken, config):
        active.append(_Person(number, [state], [state], [seen]))


def _views(
    scene: Mapping[str, CameraDetections], boxes: dict[str, np.ndarray], rows: dict[str, list[int]], person: int
) -> dict[str, View]:
    """The boxes that are a person's, by camera."""
    return {
        name: View(scene[name].projection, boxes[name][claimed[person]])
        for name, claimed in rows.items()
        if claimed[person] >= 0
    }


def _believed(person: _Person, fps: float, config: LocateConfig) -> bool:
    length = person.last_seen() + 1
    return (
        length >= config.least_life_s * fps
        and float(np.mean([len(views) for views in person.views[:length]])) >= config.least_views
    )


def _track(person: _Person, seconds: float, config: LocateConfig) -> Track:
    """The walk smoothed, and beside it what the boxes of each frame say by themselves."""
    length = person.last_seen() + 1
    means = smooth(person.filtered[:length], person.predicted[:length], [seconds] * length)
    seen, spread = np.full((length, 3), np.nan), np.full((length, 2, 2), np.nan)
    for step, views in enumerate(person.views[:length]):
        if views:
            alone = update(newborn(means[step, :2], config), views, config)
            seen[step], spread[step] = alone.mean[POSED], alone.covariance[:2, :2]
    return Track(person.first, means[:, :4], seen, spread)


def _number(walks: Sequence[Walk]) -> Located:
    lengths = [len(walk.places_m) for walk in walks]
    frames = [walk.first + np.arange(length) for walk, length in zip(walks, lengths, strict=True)]
    return Located(
        np.concatenate([np.zeros(0, np.int64), *frames]),
        np.repeat(np.arange(1, len(walks) + 1), lengths),
        np.concatenate([np.zeros((0, 2)), *(walk.places_m for walk in walks)]),
    )
