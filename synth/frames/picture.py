"""One training picture and its labels, from a seed and a number."""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from core.errors import UsageError
from synth.frames.labels import label_line
from synth.frames.stage import Stage, StageConfig, draw_stage
from synth.people import Person, PersonStyle
from synth.render import Backdrop
from synth.scene.lens_map import LensMap
from synth.scene.sensor import SensorConfig, develop, draw_sensor, metered_gain
from synth.scene.textures import Textures
from synth.scene.truth import PersonTruth, person_truth
from synth.types import STATIC, Rendering

BLOCK = 60  # so many consecutive pictures share one cast: making people takes longer than drawing them
_CAST = 24
_HARSH = SensorConfig(
    exposure=(0.5, 1.8), balance=(0.82, 1.22), gamma=(1.7, 2.7), saturation=(0.2, 1.25), blur_px=(0.2, 1.3),
    shot=(0.002, 0.035), read=(0.001, 0.016), vignette=(0.0, 0.5),
)  # fmt: skip


@dataclass(frozen=True)
class FramesConfig:
    """Everything that decides what the pictures are; the same config gives the same files."""

    seed: int = 0
    size: tuple[int, int] = (640, 360)
    supersample: int = 1
    least_visibility: float = 0.25  # less of a person gets no label
    least_px: float = 14.0  # nor does a smaller one
    stage: StageConfig = field(default_factory=StageConfig)

    def __post_init__(self) -> None:
        """UsageError for a size of no use."""
        if not all(64 <= side <= 3840 for side in self.size):
            raise UsageError(f"--size: expected sides of 64 to 3840 px, got {self.size[0]}x{self.size[1]}")


def make_picture(config: FramesConfig, number: int, textures: Textures) -> tuple[bytes, list[str]]:
    """Picture `number` as JPEG bytes, and its YOLO-pose label lines; depends on nothing but the arguments."""
    data, truths = photograph(config, number, textures)
    lines = [
        label_line(truth, config.size)
        for truth in truths
        if truth.visibility >= config.least_visibility and _visible_px(truth) >= config.least_px
    ]
    return data, lines


def photograph(config: FramesConfig, number: int, textures: Textures) -> tuple[bytes, list[PersonTruth]]:
    """Picture `number` as JPEG bytes, and the truth about everybody before the camera."""
    rng = np.random.default_rng(np.random.SeedSequence([config.seed, 11, number]))
    stage = draw_stage(rng, config.size, textures, config.stage)
    cast = rng.permutation(_CAST)[: len(stage.stances)]
    bare = round(_CAST * config.stage.bare) if config.stage.exercise > 0 else 0
    people = [_person(config.seed, number // BLOCK, int(member), _is_one_of(int(member), bare)) for member in cast]
    picture, truths = shoot(stage, people, config.supersample, rng)
    image_bgr = develop(picture.linear_rgb, draw_sensor(rng, _HARSH), metered_gain(picture.linear_rgb), rng)
    return _stored(image_bgr, rng), truths


def shoot(
    stage: Stage, people: list[Person], supersample: int, rng: np.random.Generator
) -> tuple[Rendering, list[PersonTruth]]:
    """The stage through its lens, with the truth about everybody in it."""
    lens = LensMap.of(stage.camera)
    bodies = [p.pose(stance, k) for k, (p, stance) in enumerate(zip(people, stage.stances, strict=True), start=1)]
    backdrop = Backdrop.prepare(stage.surfaces, lens.wide, stage.light, supersample)
    straight = backdrop.render([surface for surfaces, _ in bodies for surface in surfaces])
    picture = lens.bend(_with_sky(straight, stage, rng))
    truths = []
    for number, (surfaces, joints_m) in enumerate(bodies, start=1):
        truth = person_truth(number, surfaces, joints_m, stage.camera, picture.object_ids, picture.depth_m)
        if truth is not None:
            truths.append(truth)
    return picture, truths


def _is_one_of(member: int, chosen: int) -> bool:
    """Whether `member` is one of `chosen` spread evenly over the cast."""
    return (member * chosen) % _CAST < chosen


@lru_cache(maxsize=2 * _CAST)
def _person(seed: int, block: int, member: int, bare: bool) -> Person:
    style = PersonStyle(upper="none", lower="shorts") if bare else None
    return Person.make(np.random.default_rng(np.random.SeedSequence([seed, 12, block, member])), style)


def _with_sky(picture: Rendering, stage: Stage, rng: np.random.Generator) -> Rendering:
    """Sky or ceiling where nothing else is: brighter towards the top outdoors, even indoors."""
    empty = picture.object_ids < 0
    height = picture.linear_rgb.shape[0]
    base = stage.light.sky_rgb * np.float32(rng.uniform(0.5, 0.9) if stage.indoors else rng.uniform(0.8, 1.6))
    slope = np.linspace(1.0, rng.uniform(0.7, 1.1), height, dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(base * slope, picture.linear_rgb.shape)
    return Rendering(
        linear_rgb=np.where(empty[..., None], sky, picture.linear_rgb).astype(np.float32),
        object_ids=np.where(empty, STATIC, picture.object_ids),
        materials=picture.materials,
        depth_m=picture.depth_m,
    )


def _visible_px(truth: PersonTruth) -> float:
    return float(truth.visible_xyxy[3] - truth.visible_xyxy[1])


def _stored(image_bgr: np.ndarray, rng: np.random.Generator) -> bytes:
    """JPEG bytes, sometimes after the picture went through a smaller size, as cheap recorders do."""
    height, width = image_bgr.shape[:2]
    if rng.random() < 0.2:
        scale = rng.uniform(0.5, 0.9)
        small = cv2.resize(image_bgr, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        image_bgr = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    _, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])
    return data.tobytes()
