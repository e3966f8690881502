"""Cameras: where they hang, what they see of the floor, and the lens, clock and sensor each has of its own."""

from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from synth.render import project
from synth.scene.furniture import Block
from synth.scene.lens_map import barrel
from synth.scene.place import Place
from synth.scene.sensor import Sensor, draw_sensor
from synth.scene.walls import Room
from synth.types import Camera

_BODY_M = 1.0  # height of the point that must be in the picture for a floor place to count as seen
_WHOLE_M = (0.3, 1.65)  # heights of the points that must both be, for a person there to count as seen whole
_FLOOR_STEP_M = 0.4
_NAMES = (
    "Entrance", "Hall", "Counter", "Lounge", "Gallery", "Corridor", "Court", "Exit",
    "Foyer", "Library", "Annex", "Depot",
)  # fmt: skip


@dataclass(frozen=True)
class RigConfig:
    """Ranges from which every camera draws its own values."""

    height_m: tuple[float, float] = (2.35, 2.95)
    field_deg: tuple[float, float] = (62.0, 82.0)  # horizontal, before distortion
    barrel: tuple[float, float] = (-0.01, 0.09)  # see `lens_map.barrel`
    roll_deg: float = 1.5
    offset_s: tuple[float, float] = (0.0, 1.2)
    frame_rates: tuple[float, ...] = (12.5, 15.0, 25.0, 30.0)
    least_whole: float = 0.33  # of its room's floor is where people are seen whole
    least_shared: float = 0.2  # of what it sees, with another camera of the same hall
    apart_m: float = 2.5  # least distance between two cameras of a hall
    most_in_hall: int = 8
    tries: int = 400


@dataclass(frozen=True)
class Rig:
    """One camera with its clock: frame n shows the common time `offset_s + n / fps`."""

    id: str
    name: str
    camera: Camera
    fps: float
    offset_s: float
    sensor: Sensor


def look_at(
    eye_m: np.ndarray, target_m: np.ndarray, roll_rad: float, field_rad: float, size: tuple[int, int]
) -> Camera:
    """A camera at `eye_m` that sees `target_m` in the middle; `field_rad` is its horizontal field of view."""
    forward = target_m - eye_m
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.stack([cos * right + sin * down, cos * down - sin * right, forward])
    width, height = size
    focal = width / 2 / np.tan(field_rad / 2)
    matrix = np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
    return Camera(matrix, rotation, -rotation @ eye_m, width, height)


def eye_m(camera: Camera) -> np.ndarray:
    """Where the camera is, world metres (3,)."""
    return -camera.rotation.T @ camera.translation_m


def place_rigs(
    rng: np.random.Generator,
    place: Place,
    count: int,
    overlap: bool,
    size: tuple[int, int],
    config: RigConfig,
) -> tuple[Rig, ...]:
    """`count` cameras that overlap in one hall, or share nothing, one per room; UsageError if they do not fit."""
    if overlap and count > config.most_in_hall:
        raise UsageError(
            f"{count} overlapping cameras do not fit into one hall, at most {config.most_in_hall} do: "
            "ask for fewer --cameras, or for --disjoint ones"
        )
    points = _floor_points(place)
    cameras: list[Camera] = []
    seen: list[np.ndarray] = []
    for number in range(count):
        room = place.rooms[0 if overlap else number]
        for _ in range(config.tries):
            camera = draw_camera(rng, room, size, config)
            mask = _good_view(camera, points, place, room, cameras, seen, overlap, config)
            if mask is not None:
                cameras.append(camera)
                seen.append(mask)
                break
        else:
            raise UsageError(
                f"only {number} of {count} cameras find a place with a good view: ask for fewer --cameras, "
                "or try another --seed"
            )
    rates = [config.frame_rates[int(i)] for i in rng.integers(len(config.frame_rates), size=count)]
    width = max(2, len(str(count)))
    return tuple(
        Rig(
            id=f"cam{number + 1:0{width}d}",
            name=_NAMES[number % len(_NAMES)],
            camera=camera,
            fps=float(rates[number]),
            offset_s=0.0 if number == 0 else round(float(rng.uniform(*config.offset_s)), 3),
            sensor=draw_sensor(rng),
        )
        for number, camera in enumerate(cameras)
    )


def sees(camera: Camera, points_m: np.ndarray, blocks: tuple[Block, ...]) -> np.ndarray:
    """Which points (N, 3) are inside the picture and not behind a block; bool (N,)."""
    pixels, depth = project(camera, points_m)
    with np.errstate(invalid="ignore"):
        inside = (depth > 0.3) & np.all((pixels >= 0) & (pixels <= (camera.width, camera.height)), axis=1)
    eye = eye_m(camera)
    inside = inside.copy()
    candidates = np.flatnonzero(inside)
    for block in blocks:
        inside[candidates] &= ~hidden_by(eye, points_m[candidates], block)
    return inside


def hidden_by(eye: np.ndarray, points_m: np.ndarray, block: Block) -> np.ndarray:
    """Whether the segments from the eye to the points cross the block (slab test; Kay and Kajiya, 1986)."""
    low, high = np.array([block.x0, block.y0, 0.0]), np.array([block.x1, block.y1, block.height_m])
    way = points_m - eye
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    one, other = (low - eye) / way, (high - eye) / way
    enter = np.minimum(one, other).max(axis=1)
    leave = np.maximum(one, other).min(axis=1)
    return (enter < leave) & (leave > 0) & (enter < 1 - 1e-6)


def _floor_points(place: Place) -> np.ndarray:
    """Points at body height above the floor of all rooms and the passages between them, (N, 3)."""
    x0, y0 = min(r.x0 for r in place.rooms), min(r.y0 for r in place.rooms)
    x1, y1 = max(r.x1 for r in place.rooms), max(r.y1 for r in place.rooms)
    x, y = np.meshgrid(np.arange(x0 + 0.1, x1, _FLOOR_STEP_M), np.arange(y0 + 0.1, y1, _FLOOR_STEP_M))
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, _BODY_M)], axis=1)


def draw_camera(rng: np.random.Generator, room: Room, size: tuple[int, int], config: RigConfig) -> Camera:
    """Somewhere on a wall of the room, looking across it and down."""
    side, along = int(rng.integers(4)), float(rng.uniform(0.05, 0.95))
    off = 0.12
    x = room.x0 + along * (room.x1 - room.x0)
    y = room.y0 + along * (room.y1 - room.y0)
    x, y = ((x, room.y0 + off), (x, room.y1 - off), (room.x0 + off, y), (room.x1 - off, y))[side]
    eye = np.array([np.clip(x, room.x0 + off, room.x1 - off), np.clip(y, room.y0 + off, room.y1 - off), 0.0])
    eye[2] = rng.uniform(*config.height_m)
    middle = np.array([(room.x0 + room.x1) / 2, (room.y0 + room.y1) / 2])
    spread = np.array([room.x1 - room.x0, room.y1 - room.y0]) * 0.22
    target = np.array([*(middle + rng.uniform(-1, 1, 2) * spread), rng.uniform(0.7, 1.3)])
    roll = np.deg2rad(rng.uniform(-config.roll_deg, config.roll_deg))
    camera = look_at(eye, target, roll, np.deg2rad(rng.uniform(*config.field_deg)), size)
    return barrel(camera, float(rng.uniform(*config.barrel)))


def _good_view(
    camera: Camera,
    points: np.ndarray,
    place: Place,
    room: Room,
    cameras: list[Camera],
    seen: list[np.ndarray],
    overlap: bool,
    config: RigConfig,
) -> np.ndarray | None:
    """Which points the camera sees, or None if it is too near another, sees too little, or shares too little or much.

    The cheapest reasons to say no come first.
    """
    if overlap and any(np.linalg.norm(eye_m(camera) - eye_m(other)) < config.apart_m for other in cameras):
        return None
    hidden = np.array([[*door.hidden_m, _BODY_M] for door in place.doors])
    if sees(camera, hidden, place.blocks).any():
        return None
    in_room = (points[:, 0] > room.x0) & (points[:, 0] < room.x1) & (points[:, 1] > room.y0) & (points[:, 1] < room.y1)
    floor = points[in_room]
    whole = np.ones(len(floor), dtype=np.bool_)
    for height in _WHOLE_M:
        whole[whole] = sees(camera, floor[whole] + (0, 0, height - _BODY_M), place.blocks)
        if whole.mean() < config.least_whole:
            return None
    mask = sees(camera, points, place.blocks)
    shared = [int((mask & other).sum()) / max(1, int(mask.sum())) for other in seen]
    fits = not shared or (max(shared) >= config.least_shared if overlap else max(shared) == 0)
    return mask if fits else None
