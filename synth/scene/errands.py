"""What people do: who comes in when, where they stop, whom they meet and where they leave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from synth.scene.floor import Floor
from synth.scene.furniture import Spot
from synth.scene.place import Place
from synth.scene.schedule import STEP_S, Walk, earliest, is_free

_TRIES = 150


@dataclass(frozen=True)
class CrowdConfig:
    """How people move. Distances are between body centres, metres."""

    clearance_m: float = 0.72
    speed_mps: tuple[float, float] = (0.95, 1.45)
    warm_up_s: float = 14.0  # people come in from this long before the cameras start: the place is in use by then
    last_entry: float = 0.45  # nobody comes in after this share of the recording
    presence: float = 0.4  # everybody is there for at least this share of the recording
    patience_s: float = 6.0
    meeting_share: float = 0.35


@dataclass(frozen=True)
class Pause:
    """Somebody is at `spot` from `start_s` to `end_s`; seats are taken after arriving in front of them."""

    start_s: float
    end_s: float
    spot: Spot


@dataclass(frozen=True)
class Itinerary:
    """Where one person is over time, and their pauses on the way."""

    walk: Walk
    pauses: tuple[Pause, ...]
    speed_mps: float


def plan_crowd(
    rng: np.random.Generator, place: Place, floor: Floor, people: int, seconds: float, config: CrowdConfig
) -> tuple[Itinerary, ...]:
    """One itinerary per person, planned one after the other so that nobody comes too near anybody planned before.

    Times are common time; the recording lasts from 0 to `seconds`. UsageError where the place is too full.
    """
    planned: list[Itinerary] = []
    for number in range(people):
        friend = planned[-1] if planned and number % 2 and rng.random() < 2 * config.meeting_share else None
        for _ in range(_TRIES):
            found = _plan(rng, place, floor, [p.walk for p in planned], friend, seconds, config)
            if found is not None:
                planned.append(found)
                break
            friend = None if rng.random() < 0.2 else friend
        else:
            raise UsageError(
                f"only {number} of {people} people fit into this place for {seconds:g} s without colliding: "
                "ask for fewer --people or more --seconds, or try another --seed"
            )
    return tuple(planned)


def _plan(
    rng: np.random.Generator,
    place: Place,
    floor: Floor,
    others: Sequence[Walk],
    friend: Itinerary | None,
    seconds: float,
    config: CrowdConfig,
) -> Itinerary | None:
    """One try: come in at a random time, run an errand of random stops, leave; None where somebody is in the way."""
    speed = float(rng.uniform(*config.speed_mps))
    start_s = float(rng.uniform(-config.warm_up_s, config.last_entry * seconds))
    stops, dwells = _draw_stops(rng, place, friend)
    if friend is not None and friend.pauses:
        start_s = friend.walk.start_s + float(rng.uniform(0.0, 3.0))
    start_s = round(start_s / STEP_S) * STEP_S
    way_out = place.doors[int(rng.integers(len(place.doors)))].hidden_m
    at = place.doors[int(rng.integers(len(place.doors)))].hidden_m
    trail = [np.array([at])]
    pauses: list[Pause] = []
    now = start_s
    for stop, dwell in zip([*stops, None], [*dwells, 0.0], strict=True):
        goal = way_out if stop is None else stop.approach_m
        if np.hypot(goal[0] - at[0], goal[1] - at[1]) < 0.3:
            continue
        leg = earliest(floor.way(at, goal, rng), now, speed, others, config.clearance_m, config.patience_s)
        if leg is None:
            return None
        trail.append(leg[1:])
        now += STEP_S * (len(leg) - 1)
        at = goal
        if stop is not None:
            ends = np.array([stop.approach_m, stop.xy_m])
            if not is_free(ends, now, dwell, others, config.clearance_m).all():
                return None
            trail.append(np.repeat([stop.approach_m], round(dwell / STEP_S), axis=0))
            pauses.append(Pause(now, now + dwell, stop))
            now += dwell
        if now > seconds + 1:
            break
    if min(now, seconds) - max(start_s, 0) < config.presence * seconds:
        return None
    return Itinerary(Walk(start_s, np.concatenate(trail)), tuple(pauses), speed)


def _draw_stops(rng: np.random.Generator, place: Place, friend: Itinerary | None) -> tuple[list[Spot], list[float]]:
    """Stops and how long they take, in whole steps; a friend's meeting comes first."""
    stops: list[Spot] = []
    dwells: list[float] = []
    spots = place.spots
    for pause in friend.pauses if friend is not None else ():
        partner = [s for s in spots if s.kind == pause.spot.kind == "meet" and s.group == pause.spot.group]
        stops += [s for s in partner if s is not pause.spot][:1]
    while len(stops) < 6 and spots:
        spot = spots[int(rng.integers(len(spots)))]
        if spot.kind == "queue":
            line = sorted((s for s in spots if s.kind == "queue" and s.group == spot.group), key=lambda s: -s.rank)
            stops += line[-2 if rng.random() < 0.5 else -3 :]
        elif not stops or spot.group != stops[-1].group:
            stops.append(spot)
    stops = stops[: int(rng.integers(1, 6))] if rng.random() < 0.8 else stops
    for stop in stops:
        low, high = {"seat": (4.0, 9.0), "meet": (4.0, 8.0), "look": (1.5, 4.0), "queue": (1.5, 3.5)}[stop.kind]
        dwells.append(round(float(rng.uniform(low, high)) / STEP_S) * STEP_S)
    return stops, dwells
