"""What one camera records of a world: developed pictures, and the truth about each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synth.people import Stance
from synth.render import Backdrop, project
from synth.scene.furniture import Block
from synth.scene.lens_map import LensMap
from synth.scene.rigs import Rig, eye_m, hidden_by
from synth.scene.sensor import develop, metered_gain
from synth.scene.shake import Shake, turned
from synth.scene.truth import PersonTruth, person_truth
from synth.scene.world import SceneConfig, World
from synth.types import Camera, Rendering

_REACH_M = (0.8, 2.1)  # radius and height of a cylinder that holds anybody, arms and bags included
_SHADOW_REACH_M = 1.5  # how far beyond the picture somebody's shadow may fall into it


@dataclass(frozen=True)
class Observation:
    """One person in one picture: the truth, and where they stand, metres."""

    truth: PersonTruth
    stance: Stance


@dataclass(frozen=True)
class Shot:
    """One picture: image (H, W, 3) uint8 BGR, its 0-based index, its common time, and who is in it."""

    index: int
    time_s: float
    image_bgr: np.ndarray
    rendering: Rendering
    observations: tuple[Observation, ...]


def film(world: World, rig: Rig, config: SceneConfig) -> Iterator[Shot]:
    """All pictures of one camera in order, `config.seconds` long at its own rate."""
    number_of_rig = world.rigs.index(rig)
    sway_rng = np.random.default_rng(np.random.SeedSequence([config.seed, 8, number_of_rig]))
    shake = Shake.draw(sway_rng, config.shake_deg) if config.shake_deg > 0 else None
    lens = LensMap.of(rig.camera, shake.margin_px(rig.camera) if shake else 0)
    backdrop = Backdrop.prepare(world.place.surfaces, lens.wide, world.light, config.supersample)
    gain = metered_gain(backdrop.render([]).linear_rgb)
    for index in range(round(config.seconds * rig.fps)):
        time_s = rig.offset_s + index / rig.fps
        stances = _near(world, lens.wide, time_s)
        bodies = {n: world.people[n - 1].pose(stance, n) for n, stance in stances.items()}
        straight = backdrop.render([surface for surfaces, _ in bodies.values() for surface in surfaces])
        turn = shake.turn(time_s) if shake else None
        camera = rig.camera if turn is None else turned(rig.camera, turn)
        picture = (lens if turn is None else lens.turned(turn)).bend(straight)
        observations = []
        for number, stance in stances.items():
            surfaces, joints_m = bodies[number]
            truth = person_truth(number, surfaces, joints_m, camera, picture.object_ids, picture.depth_m)
            if truth is not None and _touches_picture(truth, camera):
                observations.append(Observation(truth, stance))
        rng = np.random.default_rng(np.random.SeedSequence([config.seed, 7, number_of_rig, index]))
        image_bgr = develop(picture.linear_rgb, rig.sensor, gain, rng)
        yield Shot(index, time_s, image_bgr, picture, tuple(observations))


def _near(world: World, camera: Camera, time_s: float) -> dict[int, Stance]:
    """Everybody who may be seen or cast a shadow into the picture: number to stance."""
    found = {}
    for number, motion in enumerate(world.motions, start=1):
        stance = motion.stance(time_s)
        if stance is not None and _may_be_seen(stance, camera, world.place.blocks):
            found[number] = stance
    return found


def _may_be_seen(stance: Stance, camera: Camera, blocks: tuple[Block, ...]) -> bool:
    radius, height = _REACH_M
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    near = np.concatenate([np.asarray(stance.position_m) + radius * ring, [stance.position_m]])
    body = np.concatenate([np.column_stack([near, np.full(len(near), z)]) for z in (0.05, height / 2, height)])
    eye = eye_m(camera)
    walls = [b for b in blocks if b.height_m > height]
    behind = np.zeros(len(body), dtype=bool)
    for wall in walls:
        behind |= hidden_by(eye, body, wall)
    if behind.all():
        return False
    pixels, depth = project(camera, body)
    if (depth <= 0.2).all():
        return False
    margin = _SHADOW_REACH_M * camera.matrix[0, 0] / max(float(depth.max()), 0.5)
    low, high = np.nanmin(pixels, axis=0) - margin, np.nanmax(pixels, axis=0) + margin
    return bool(np.all(high > 0) and np.all(low < (camera.width, camera.height))) or bool((depth <= 0.2).any())


def _touches_picture(truth: PersonTruth, camera: Camera) -> bool:
    x0, y0, x1, y1 = truth.full_xyxy
    return bool(x1 > 0 and y1 > 0 and x0 < camera.width and y0 < camera.height)
