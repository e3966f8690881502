"""A whole world from a handful of wishes: the place, who walks where, the light and the cameras."""

from dataclasses import dataclass, field, replace

import numpy as np

from core.errors import UsageError
from synth.people import Person
from synth.scene.errands import CrowdConfig, plan_crowd
from synth.scene.floor import Floor, FloorConfig
from synth.scene.light import room_light
from synth.scene.motion import Motion, move
from synth.scene.place import Place, PlaceConfig, build_place
from synth.scene.rigs import Rig, RigConfig, place_rigs
from synth.scene.textures import Textures
from synth.scene.wardrobe import uniform_style
from synth.types import Light

_MOST_PEOPLE = 99
_PHONE_SHARE = 0.12


@dataclass(frozen=True)
class SceneConfig:
    """Everything that decides what a scene looks like; the same config gives the same bytes."""

    cameras: int = 4
    people: int = 8
    seconds: float = 18.0
    overlap: bool = True
    uniforms: int = 2
    seed: int = 0
    size: tuple[int, int] = (640, 360)
    supersample: int = 2
    shake_deg: float = 0.0  # how far the cameras sway at most; their calibration is that at rest
    truth_visibility: float = 0.2  # less of a person need not be found: conf 0 in the MOTChallenge text
    place: PlaceConfig = field(default_factory=PlaceConfig)
    floor: FloorConfig = field(default_factory=FloorConfig)
    crowd: CrowdConfig = field(default_factory=CrowdConfig)
    rigs: RigConfig = field(default_factory=RigConfig)

    def __post_init__(self) -> None:
        """UsageError for wishes that make no sense."""
        wishes = (
            (1 <= self.cameras <= 99, "--cameras", "1 to 99", self.cameras),
            (1 <= self.people <= _MOST_PEOPLE, "--people", f"1 to {_MOST_PEOPLE}", self.people),
            (1.0 <= self.seconds <= 3600.0, "--seconds", "1 to 3600", self.seconds),
            (0 <= self.uniforms <= self.people, "--uniforms", f"0 to --people ({self.people})", self.uniforms),
            (0 <= self.shake_deg <= 5, "--shake", "0 to 5 degrees", self.shake_deg),
            (self.seed >= 0, "--seed", "at least 0", self.seed),
            (
                all(64 <= side <= 3840 and side % 2 == 0 for side in self.size),
                "--size",
                "even sides of 64 to 3840 px",
                f"{self.size[0]}x{self.size[1]}",
            ),
            (
                bool(self.rigs.frame_rates) and all(1 <= rate <= 120 for rate in self.rigs.frame_rates),
                "--fps",
                "rates of 1 to 120",
                self.rigs.frame_rates,
            ),
        )
        for fine, option, expected, got in wishes:
            if not fine:
                raise UsageError(f"{option}: expected {expected}, got {got}")


@dataclass(frozen=True)
class World:
    """Everything in a scene; person number k (counted from 1) is `people[k − 1]`, moving as `motions[k − 1]`."""

    place: Place
    people: tuple[Person, ...]
    motions: tuple[Motion, ...]
    rigs: tuple[Rig, ...]
    light: Light


def build_world(config: SceneConfig) -> World:
    """The world of a config. UsageError where the wishes do not fit together."""
    textures = Textures()
    place_rng, rig_rng, crowd_rng, light_rng, style_rng = (_stream(config, k) for k in range(5))
    place = build_place(place_rng, config.cameras, config.overlap, config.place, textures)
    rigs = place_rigs(rig_rng, place, config.cameras, config.overlap, config.size, config.rigs)
    last_s = config.seconds + max(rig.offset_s for rig in rigs)
    floor = Floor(place.blocks, place.spots, config.floor)
    itineraries = plan_crowd(crowd_rng, place, floor, config.people, last_s, config.crowd)
    uniform = uniform_style(style_rng)
    people = tuple(
        Person.make(_stream(config, 1000 + number), uniform if number < config.uniforms else None)
        for number in range(config.people)
    )
    motions = []
    for itinerary, person in zip(itineraries, people, strict=True):
        hands_free = person.attributes.get("bag") != "hand_bag"
        on_phone = crowd_rng.random() < _PHONE_SHARE
        action = "phone" if hands_free and on_phone else "walk"
        motions.append(move(itinerary, person.stride_m, action, gestures=hands_free))
    return World(place, people, tuple(motions), rigs, room_light(light_rng))


def with_frame_rates(config: SceneConfig, frame_rates: tuple[float, ...]) -> SceneConfig:
    """The config with cameras that draw their rates from these."""
    return replace(config, rigs=replace(config.rigs, frame_rates=frame_rates))


def _stream(config: SceneConfig, number: int) -> np.random.Generator:
    """An independent stream of chance for each part of the world."""
    return np.random.default_rng(np.random.SeedSequence([config.seed, number]))
