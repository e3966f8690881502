"""One crop: a person and what surrounds them, seen by one camera, cut out as a detector would cut it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from synth.crops.config import MASK_STEP, CropsConfig
from synth.crops.surroundings import thing
from synth.crops.viewpoints import Viewpoint, expose, looking_at
from synth.people import Person, Stance
from synth.render import Backdrop, project
from synth.types import Camera, Rendering, Surface

SUBJECT, FIRST_OTHER = 1, 2
# A joint further than this behind the seen surface of its own body is hidden by it; COCO's order. Hips lie deep.
_BEHIND_M = np.array(
    [0.10, 0.10, 0.10, 0.12, 0.12, 0.18, 0.18, 0.14, 0.14, 0.12, 0.12, 0.23, 0.23, 0.17, 0.17, 0.15, 0.15]
)
_ACTIONS = ("walk", "stand", "carry", "talk", "phone", "wave", "sit")
_ACTION_SHARES = (0.62, 0.14, 0.06, 0.06, 0.08, 0.02, 0.02)


@dataclass(frozen=True)
class Crop:
    """image (H, W, 3) uint8 BGR; keypoints and others (17, 3) float32 x, y in px of the crop and 1 where visible;
    materials (H / 8, W / 8) uint8: of the person's own pixels."""

    image: np.ndarray
    keypoints_xyc: np.ndarray
    others_xyc: np.ndarray
    materials: np.ndarray


@dataclass(frozen=True)
class _Actor:
    person: Person
    stance: Stance
    number: int


def shoot(person: Person, extras: list[Person], view: Viewpoint, config: CropsConfig, rng: np.random.Generator) -> Crop:
    """Place a person before a camera, with others and things about, and cut the crop.

    Where too little of the person is seen, something stood in the way, and another place is tried.
    """
    for _ in range(config.tries - 1):
        crop, seen = _attempt(person, extras, view, config, rng)
        if seen >= config.least_seen:
            return crop
    return _attempt(person, [], view, replace(config, hidden=0.0), rng)[0]


def _attempt(
    person: Person, extras: list[Person], view: Viewpoint, config: CropsConfig, rng: np.random.Generator
) -> tuple[Crop, float]:
    """A crop, and the share of its pixels that are the person's."""
    azimuth, distance = rng.uniform(0, 2 * np.pi), rng.uniform(view.near_m, view.far_m)
    spot = rng.uniform(-2.0, 2.0, 2)
    eye = np.array([*(spot + distance * np.array([np.cos(azimuth), np.sin(azimuth)])), view.height_m])
    toward = (eye[:2] - spot) / distance
    actors = [_Actor(person, _stance(rng, spot), SUBJECT)]
    if extras and rng.random() < config.crowd:
        actors += _others(rng, extras, spot, toward)
    camera = _aimed(eye, spot, view, rng)
    posed = [actor.person.pose(actor.stance, actor.number) for actor in actors]
    camera, scale = _cropped(camera, _box(camera, posed[0][0], config, rng), config)
    things = _standing(view, eye, spot, config, rng)
    rendering = Backdrop.prepare(things, camera, view.light, config.supersample).render(
        [s for surfaces, _ in posed for s in surfaces]
    )
    sensor = replace(view.sensor, gains=view.sensor.gains * np.exp(rng.normal(0, 0.05)))
    share = float((rendering.object_ids == SUBJECT).mean())
    image = expose(rendering.linear_rgb, sensor, rng)
    interpolation = cv2.INTER_AREA if image.shape[0] > config.height else cv2.INTER_LINEAR
    seen = [
        _keypoints(a.number, joints, camera, rendering, scale) for a, (_, joints) in zip(actors, posed, strict=True)
    ]
    other = _most_overlapping(rendering, len(actors))
    crop = Crop(
        cv2.resize(image, (config.width, config.height), interpolation=interpolation),
        seen[0],
        seen[other - SUBJECT] if other else np.zeros((17, 3), np.float32),
        _part_mask(rendering, config),
    )
    return crop, share


def _aimed(eye: np.ndarray, spot: np.ndarray, view: Viewpoint, rng: np.random.Generator) -> Camera:
    """A camera that looks somewhere near the person: a crop is rarely from the middle of the picture."""
    away = spot - eye[:2]
    distance = float(np.hypot(*away))
    aside = np.array([-away[1], away[0]]) / distance * rng.normal(0, 0.15 * distance)
    aim = np.array([*(spot + aside), 1.0 + rng.normal(0, 0.08 * distance)])
    return looking_at(eye, aim, view.focal_px, 0, 0)


def _standing(
    view: Viewpoint, eye: np.ndarray, spot: np.ndarray, config: CropsConfig, rng: np.random.Generator
) -> list[Surface]:
    """The place without the walls at the camera's back, now and then with a thing before the person."""
    out = [view.place.floor, *(wall.surface for wall in view.place.walls if wall.behind(eye))]
    out += [standing for standing in view.place.things if not _between(standing, eye, spot)]
    if rng.random() < config.hidden:
        away = eye[:2] - spot
        ahead = rng.uniform(0.6, 2.0) / np.hypot(*away) * away
        aside = np.array([-away[1], away[0]]) / np.hypot(*away) * rng.uniform(-0.7, 0.7)
        out.append(thing(rng, np.array([*(spot + ahead + aside), 0.0]), ()))
    return out


def _between(standing: Surface, eye: np.ndarray, spot: np.ndarray) -> bool:
    """Whether a thing stands between the camera and the person, or in one of them."""
    middle = standing.vertices_m[:, :2].mean(0)
    reach = 0.4 + float(np.ptp(standing.vertices_m[:, :2], axis=0).max()) / 2
    along = spot - eye[:2]
    t = np.clip((middle - eye[:2]) @ along / (along @ along), 0, 1)
    return float(np.hypot(*(eye[:2] + t * along - middle))) < reach


def _stance(rng: np.random.Generator, place: np.ndarray) -> Stance:
    action = str(rng.choice(_ACTIONS, p=_ACTION_SHARES))
    walking = action in ("walk", "carry", "phone") and rng.random() < 0.9
    return Stance(
        (float(place[0]), float(place[1])),
        float(rng.uniform(0, 2 * np.pi)),
        float(rng.random()),
        float(rng.uniform(0.6, 1.7)) if walking else 0.0,
        action,
    )


def _others(rng: np.random.Generator, extras: list[Person], place: np.ndarray, toward: np.ndarray) -> list[_Actor]:
    """One to three others beside, behind or in front, no nearer than people come."""
    aside = np.array([-toward[1], toward[0]])
    out = []
    for number in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
        ahead, side = rng.uniform(-2.5, 1.2), rng.uniform(-0.9, 0.9)
        length = np.hypot(ahead, side)
        if length < 0.5:
            ahead, side = ahead * 0.5 / length, side * 0.5 / length
        where = place + toward * ahead + aside * side
        out.append(_Actor(extras[int(rng.integers(len(extras)))], _stance(rng, where), FIRST_OTHER + number))
    return out


def _box(camera: Camera, surfaces: list[Surface], config: CropsConfig, rng: np.random.Generator) -> np.ndarray:
    """Left, top, right, bottom px: around the person as a detector would draw it, not quite right, at times cut."""
    pixels = np.concatenate([project(camera, s.vertices_m[::5])[0] for s in surfaces])
    low, high = np.nanmin(pixels, 0), np.nanmax(pixels, 0)
    size = high - low
    low, high = low - size * rng.normal(0.02, 0.035, 2), high + size * rng.normal(0.02, 0.035, 2)
    if rng.random() < config.clipped:
        if rng.random() < 0.7:
            high[1] -= size[1] * rng.uniform(0.1, 0.45)
        else:
            low[1] += size[1] * rng.uniform(0.05, 0.2)
    size = np.maximum(high - low, 4.0)
    # Most boxes are widened towards the crop's shape; the rest are stretched into it.
    wide = max(size[0], size[1] * rng.uniform(0.36, 0.5)) if rng.random() < 0.75 else max(size[0], size[1] * 0.25)
    middle = (low + high) / 2
    return np.array([middle[0] - wide / 2, middle[1] - size[1] / 2, middle[0] + wide / 2, middle[1] + size[1] / 2])


def _cropped(camera: Camera, box: np.ndarray, config: CropsConfig) -> tuple[Camera, np.ndarray]:
    """The camera that sees just the box, no finer than the crop, and the scale (2,) from its pixels to the crop's."""
    wide, tall = box[2] - box[0], box[3] - box[1]
    shrink = min(1.0, config.height / tall)
    width, height = max(12, round(wide * shrink)), max(24, round(tall * shrink))
    matrix = np.array(camera.matrix)
    matrix[:2, 2] -= box[:2]
    matrix[0] *= width / wide
    matrix[1] *= height / tall
    return replace(camera, matrix=matrix, width=width, height=height), np.array(
        [config.width / width, config.height / height]
    )


def _keypoints(
    number: int, joints_m: np.ndarray, camera: Camera, rendering: Rendering, scale: np.ndarray
) -> np.ndarray:
    """(17, 3) float32: in the crop, and 1 where the person's own surface just before the joint is what is seen."""
    pixels, depth = project(camera, joints_m)
    out = np.zeros((17, 3), np.float32)
    if not np.isfinite(pixels).all():
        return out
    out[:, :2] = pixels * scale
    rows, columns = np.floor(pixels[:, 1]).astype(int), np.floor(pixels[:, 0]).astype(int)
    inside = (rows >= 0) & (columns >= 0) & (rows < camera.height) & (columns < camera.width)
    r, c = rows[inside], columns[inside]
    own = rendering.object_ids[r, c] == number
    out[inside, 2] = own & (depth[inside] - rendering.depth_m[r, c] < _BEHIND_M[inside])
    return out


def _most_overlapping(rendering: Rendering, actors: int) -> int:
    """The number of the other person with most pixels in the crop, 0 if there is none."""
    counts = np.bincount(np.maximum(rendering.object_ids, 0).ravel(), minlength=actors + 1)[FIRST_OTHER:]
    return int(FIRST_OTHER + counts.argmax()) if counts.any() else 0


def _part_mask(rendering: Rendering, config: CropsConfig) -> np.ndarray:
    own = np.where(rendering.object_ids == SUBJECT, rendering.materials, 0).astype(np.uint8)
    size = config.width // MASK_STEP, config.height // MASK_STEP
    return cv2.resize(own, size, interpolation=cv2.INTER_NEAREST)
