import numpy as np
import pytest

from core.errors import UsageError
from synth.people import Person
from synth.scene.errands import CrowdConfig, Itinerary, plan_crowd
from synth.scene.floor import Floor, FloorConfig
from synth.scene.furniture import Block
from synth.scene.motion import Motion, move
from synth.scene.place import Place, PlaceConfig, build_place
from synth.scene.textures import Textures

SECONDS = 14.0
BODY_M = 0.5  # two people nearer than this, centre to centre, would touch


@pytest.fixture(scope="module")
def place() -> Place:
    return build_place(np.random.default_rng(0), 4, True, PlaceConfig(), Textures())


@pytest.fixture(scope="module")
def crowd(place: Place) -> tuple[Itinerary, ...]:
    floor = Floor(place.blocks, place.spots, FloorConfig())
    return plan_crowd(np.random.default_rng(2), place, floor, 7, SECONDS, CrowdConfig())


@pytest.fixture(scope="module")
def person() -> Person:
    return Person.make(np.random.default_rng(0))


@pytest.fixture(scope="module")
def motions(crowd: tuple[Itinerary, ...], person: Person) -> tuple[Motion, ...]:
    return tuple(move(itinerary, person.stride_m) for itinerary in crowd)


def where(motion: Motion, time_s: float) -> np.ndarray | None:
    stance = motion.stance(time_s)
    return None if stance is None else np.array(stance.position_m)


def distance(block: Block, xy: np.ndarray) -> float:
    return float(np.hypot(max(block.x0 - xy[0], xy[0] - block.x1, 0), max(block.y0 - xy[1], xy[1] - block.y1, 0)))


def test_nobody_is_inside_anybody(motions: tuple[Motion, ...]) -> None:
    met = []
    for time_s in np.arange(0, SECONDS, 0.1):
        at = [xy for motion in motions if (xy := where(motion, time_s)) is not None]
        met += [np.hypot(*(a - b)) for k, a in enumerate(at) for b in at[:k]]
    assert len(met) > 300
    assert min(met) > BODY_M


def test_nobody_is_inside_a_wall_or_a_thing(place: Place, motions: tuple[Motion, ...]) -> None:
    for motion in motions:
        for time_s in np.arange(0, SECONDS, 0.1):
            stance = motion.stance(time_s)
            if stance is not None and stance.action != "sit" and motion.seated[_tick(motion, time_s)] == 0:
                assert min(distance(block, np.array(stance.position_m)) for block in place.blocks) > 0.2


def _tick(motion: Motion, time_s: float) -> int:
    return int(np.clip(round((time_s - motion.start_s) * 50), 0, len(motion.seated) - 1))


def test_people_do_things_on_their_way(crowd: tuple[Itinerary, ...], motions: tuple[Motion, ...]) -> None:
    kinds = {pause.spot.kind for itinerary in crowd for pause in itinerary.pauses}
    assert len(kinds) >= 3
    actions = {
        stance.action
        for motion in motions
        for time_s in np.arange(0, SECONDS, 0.25)
        if (stance := motion.stance(time_s)) is not None
    }
    assert {"walk", "stand"} <= actions


def test_headings_and_steps_are_smooth(motions: tuple[Motion, ...]) -> None:
    for motion in motions:
        assert np.abs(np.diff(motion.heading_rad)).max() * 50 < np.deg2rad(400)
        speed = np.hypot(*np.diff(motion.xy_m, axis=0).T) * 50
        on_foot = (motion.seated[1:] == 0) & (motion.seated[:-1] == 0)
        assert speed[on_foot].max() < 1.6


def test_planted_feet_stay_where_they_are_round_every_corner(motions: tuple[Motion, ...], person: Person) -> None:
    """The ankle of the foot that is flat on the floor, over each step; the ball of the foot rolls before and after."""
    slides, turned = [], []
    for motion in motions:
        steps: dict[tuple[int, int, int], list[tuple[np.ndarray, float]]] = {}
        stretch, last_phase = 0, -np.inf
        for time_s in np.arange(max(0.0, motion.start_s), min(SECONDS, motion.end_s), 0.05):
            stance = motion.stance(time_s)
            if stance is None or stance.speed_mps == 0:
                last_phase = np.inf
                continue
            stretch, last_phase = stretch + (stance.phase < last_phase), stance.phase
            for joint, shift in ((15, 0.0), (16, 0.5)):
                cycle = stance.phase + shift
                if 0.15 < cycle % 1 < 0.35:
                    seen = (person.joints(stance)[joint, :2], stance.heading_rad)
                    steps.setdefault((joint, int(cycle), stretch), []).append(seen)
        for step in steps.values():
            if len(step) > 2:
                slides.append(np.linalg.norm(np.ptp(np.array([at for at, _ in step]), axis=0)))
                turned.append(np.ptp([heading for _, heading in step]))
    assert len(slides) > 60
    assert max(turned) > 0.3  # there are corners
    assert max(slides) < 0.03


def test_too_many_people_are_refused(place: Place) -> None:
    floor = Floor(place.blocks, place.spots, FloorConfig())
    with pytest.raises(UsageError, match="people fit into this place"):
        plan_crowd(np.random.default_rng(0), place, floor, 9, 4.0, CrowdConfig(clearance_m=6.0))


def test_a_disjoint_building_is_crossed_from_room_to_room() -> None:
    place = build_place(np.random.default_rng(1), 2, False, PlaceConfig(), Textures())
    floor = Floor(place.blocks, place.spots, FloorConfig())
    crowd = plan_crowd(np.random.default_rng(2), place, floor, 4, 40.0, CrowdConfig(presence=0.3))
    left, right = place.rooms
    crossed = [
        itinerary
        for itinerary in crowd
        if (itinerary.walk.xy_m[:, 0] < left.x1).any() and (itinerary.walk.xy_m[:, 0] > right.x0).any()
    ]
    assert crossed
    for itinerary in crossed:
        xy = itinerary.walk.xy_m
        assert np.hypot(*np.diff(xy, axis=0).T).max() < 1.5 * 0.2  # nobody jumps between rooms
