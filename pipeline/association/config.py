"""The settings of association, each default once."""

from dataclasses import dataclass

from core.errors import SettingError


@dataclass(frozen=True)
class AssociateConfig:
    """How tracklets become identities: `--set associate.key=value`.

    caution: 0 merges freely, 1 merges only when sure. It moves the largest distance at which two groups of tracklets
    still count as one person from `free_distance` down to `sure_distance`. Distances are mean appearance distances, 0
    the same and 1 strangers, less `nat_distance` for each nat of other evidence. What strangers measure is taken from
    pairs seen in one frame (`pipeline.association.scale`), as if `scale_prior` more such pairs had measured 1. A
    membership less probable than `unknown_below` times the caution is 'unknown': the tracklet stands alone.

    Time (`pipeline.association.travel`): `travel` uses it; matches at the distance of `travel_caution` are believed in
    each of `travel_rounds` rounds; `travel_width_s` is how exactly travel times repeat; `travel_prior` is how many
    matches at any time difference are imagined beforehand, so that few real ones say little.

    Floor (`pipeline.association.floor`), where cameras are calibrated: `floor` uses it; `floor_sigma_m` is how far off
    a person's position is, besides what a foot point off by `floor_box_error` of the box's height makes; who hides
    their feet stands below their head, `body_height_m` high give or take `body_sigma_m`. People are seen anew every
    `floor_independent_s`, counted `floor_most_spans` times at most. With evidence of −`floor_forbids_nats` and a median
    distance over `floor_forbids_m`, two tracklets can never be one person.

    Switches (`pipeline.association.switches`): a tracklet is cut where, on the floor, it goes over from one group of
    other cameras' tracklets to another, if that explains its way better by `switch_nats`, or by `switch_unlike_nats`
    and what it looks like before and after is farther apart than `switch_unlike`. The groups are formed with a
    caution of `switch_caution`, so that `caution` changes no tracklet; looked for up to `switch_rounds` times, 0 for
    never.

    Conflicts (`pipeline.association.conflicts`): a tracklet is cut where what it looks like before and after is farther
    apart than `conflict_unlike` and one half is nearer than `conflict_like` to a group that shares frames with the
    other half only.

    Overlap (`pipeline.association.overlap`): where two cameras without calibration turn out to see the same floor, it
    says what the floor would, with the settings of that. `overlap_rounds`: how often it is looked for in the matches
    found so far, 0 for never; `overlap_reach_s`: up to how far the two clocks may differ; `overlap_weight`: how much
    of what a calibrated floor would say is believed.

    Clocks (`pipeline.association.clocks`) of calibrated cameras for which `cameras.toml` gives no `offset_s`: `clocks`
    estimates them, up to `clock_reach_s` to either side in steps of `clock_step_s`; an estimate more uncertain than
    `clock_sigma_s` is none, and one that is better than no shift by less than `clock_nats` is 0.

    `repair_rounds`: how often every tracklet may reconsider where it belongs; it moves for a gain of `repair_gain`, and
    leaving to stand alone costs as much as a distance by `repair_slack` larger than that of a merge; it moves to none
    to whom it is bound, all pairs together, less than `repair_share` times as much as where it is. Two groups that
    forbidden pairs keep apart merge without the tracklets in the way for a gain of `reunion_gain`. `neighbours`: with
    how many of its nearest each is compared first; as long as nobody has more within reach, another number changes
    nothing.
    """

    caution: float = 0.5
    free_distance: float = 0.86
    sure_distance: float = 0.3
    nat_distance: float = 0.09
    unknown_below: float = 0.5
    scale_prior: float = 10.0
    travel: bool = True
    travel_caution: float = 0.57
    travel_rounds: int = 2
    travel_width_s: float = 16.0
    travel_prior: float = 1.0
    floor: bool = True
    floor_sigma_m: float = 0.25
    floor_box_error: float = 0.04
    body_height_m: float = 1.7
    body_sigma_m: float = 0.1
    floor_independent_s: float = 0.5
    floor_most_spans: int = 2
    floor_forbids_nats: float = 8.0
    floor_forbids_m: float = 2.0
    switch_nats: float = 20.0
    switch_unlike_nats: float = 10.0
    switch_unlike: float = 0.6
    switch_caution: float = 0.2
    switch_rounds: int = 2
    conflict_unlike: float = 0.5
    conflict_like: float = 0.65
    overlap_rounds: int = 2
    overlap_reach_s: float = 4.0
    overlap_weight: float = 0.5
    clocks: bool = True
    clock_reach_s: float = 3.0
    clock_step_s: float = 0.1
    clock_sigma_s: float = 0.25
    clock_nats: float = 3.0
    repair_rounds: int = 10
    repair_slack: float = 0.1
    repair_gain: float = 0.05
    repair_share: float = 0.25
    reunion_gain: float = 0.1
    neighbours: int = 100

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("caution", "travel_caution", "switch_caution", "unknown_below"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"associate.{name}: expected a number from 0 to 1, got {getattr(self, name)}")
        if self.sure_distance > self.free_distance:
            raise SettingError(
                f"associate.sure_distance: expected at most associate.free_distance ({self.free_distance}), "
                f"got {self.sure_distance}"
            )
        for name in (
            "overlap_reach_s",
            "clock_reach_s",
            "clock_step_s",
            "clock_sigma_s",
            "travel_width_s",
            "travel_prior",
            "floor_sigma_m",
            "body_height_m",
            "body_sigma_m",
            "floor_independent_s",
            "floor_forbids_nats",
            "switch_nats",
            "switch_unlike_nats",
        ):
            if not getattr(self, name) > 0:
                raise SettingError(f"associate.{name}: expected more than 0, got {getattr(self, name)}")
        for name in (
            "nat_distance",
            "clock_nats",
            "scale_prior",
            "travel_rounds",
            "floor_box_error",
            "floor_most_spans",
            "floor_forbids_m",
            "switch_rounds",
            "switch_unlike",
            "conflict_unlike",
            "conflict_like",
            "overlap_rounds",
            "overlap_weight",
            "repair_rounds",
            "repair_slack",
            "repair_gain",
            "repair_share",
            "reunion_gain",
        ):
            if getattr(self, name) < 0:
                raise SettingError(f"associate.{name}: expected at least 0, got {getattr(self, name)}")

        if self.neighbours < 1:
            raise SettingError(f"associate.neighbours: expected 1 or more, got {self.neighbours}")

    def distance_at(self, caution: float) -> float:
        """The mean distance up to which two groups of tracklets are merged at a caution from 0 to 1."""
        return self.free_distance + caution * (self.sure_distance - self.free_distance)

    def unknown_at(self) -> float:
        """The probability below which a membership is unknown."""
        return self.caution * self.unknown_below
