"""Every default of the trackers, once. Durations in seconds, sizes as fractions of a person's height.

Numbers below 0, and others that make no sense, are refused with a SettingError.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from core.errors import SettingError

LEAST_WIDTH_PX = 32  # a picture of less shows no motion


def _require(config: Any, positive: Collection[str] = (), shares: Collection[str] = ()) -> None:
    """Refuse numbers of `config` below 0, those named in `positive` at 0, those named in `shares` above 1."""
    for name, value in ((one.name, getattr(config, one.name)) for one in fields(config)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if name in positive:
            fine, expected = value > 0, "more than 0"
        elif name in shares:
            fine, expected = 0 <= value <= 1, "0 to 1"
        else:
            fine, expected = value >= 0, "0 or more"
        if not fine:
            raise SettingError(f"{name}: expected {expected}, got {value}")


@dataclass(frozen=True)
class MotionConfig:
    """How people move and how well a detector measures them; see `trackers.kalman`.

    Standard deviations: `*_noise` of one measurement, `walk` of a random walk over one second, `acceleration` of the
    speed's change over one second, `birth_speed` of the unknown first speed; all in heights (aspects where the third
    number is the aspect). The defaults are DeepSORT's (1/20 of the height in position, 1/160 a frame in speed), which
    the later trackers kept, at 30 frames per second; not for the aspect, which DeepSORT lets walk by 1/100 a frame at a
    nearly steady speed, and which has here what a width has.
    """

    shape: Literal["size", "aspect"] = "size"
    centre_x_noise: float = 0.05
    centre_y_noise: float = 0.05
    width_noise: float = 0.05
    height_noise: float = 0.05
    walk: float = 0.274
    size_walk: float = 0.274
    acceleration: float = 1.027
    size_acceleration: float = 1.027
    birth_speed: float = 1.875
    birth_size_speed: float = 1.875
    least_size: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, positive=("centre_x_noise", "centre_y_noise", "width_noise", "height_noise", "least_size"))


@dataclass(frozen=True)
class LifeConfig:
    """When a track begins, counts, and ends.

    begin_score: least score of a detection that begins a track. confirm_s: how long it must have been seen before it
    counts (0: at once). confirm_hits: and how often. provisional_lost_s: how long it may be unseen before it counts.
    lost_s: how long a confirmed one may be unseen before it ends. most_detections: of more, only the best are used.
    """

    begin_score: float = 0.25
    confirm_s: float = 0.0
    confirm_hits: int = 2
    provisional_lost_s: float = 0.0
    lost_s: float = 1.0
    most_detections: int = 2000

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, positive=("most_detections",), shares=("begin_score",))


@dataclass(frozen=True)
class SortConfig:
    """SORT (Bewley et al., "Simple Online and Realtime Tracking", 2016): IoU, and no patience.

    A confirmed track always survives one missed frame, and as many as are within `life.lost_s`.
    """

    motion: MotionConfig = field(default_factory=MotionConfig)
    life: LifeConfig = field(default_factory=lambda: LifeConfig(confirm_hits=3, lost_s=0.0))
    least_score: float = 0.25
    least_iou: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("least_score", "least_iou"))


@dataclass(frozen=True)
class ByteTrackConfig:
    """ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", 2022).

    high_score, low_score: the two classes of detections. The costs' limits are those of the paper's three steps.
    """

    motion: MotionConfig = field(default_factory=lambda: MotionConfig(shape="aspect", width_noise=0.1))
    life: LifeConfig = field(default_factory=LifeConfig)
    high_score: float = 0.25
    low_score: float = 0.1
    first_limit: float = 0.8
    second_limit: float = 0.5
    provisional_limit: float = 0.7
    duplicate_iou: float = 0.85

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("high_score", "low_score", "duplicate_iou"))


@dataclass(frozen=True)
class OcSortConfig:
    """OC-SORT (Cao et al., "Observation-Centric SORT", 2023).

    heading_s: how far back a direction is read from; direction_weight: the paper's λ, of a full right angle.
    """

    motion: MotionConfig = field(default_factory=MotionConfig)
    life: LifeConfig = field(default_factory=lambda: LifeConfig(confirm_hits=3))
    least_score: float = 0.25
    least_iou: float = 0.3
    heading_s: float = 0.1
    direction_weight: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("least_score", "least_iou"))


@dataclass(frozen=True)
class CameraMotionConfig:
    """Camera-motion compensation: on a picture of `width_px`, by up to `corners` corners."""

    compensate: bool = True
    width_px: int = 480
    corners: int = 400

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, positive=("corners",))
        if self.width_px < LEAST_WIDTH_PX:
            raise SettingError(f"width_px: expected {LEAST_WIDTH_PX} or more, got {self.width_px}")


@dataclass(frozen=True)
class BotSortConfig:
    """BoT-SORT (Aharon et al., "BoT-SORT: Robust Associations Multi-Pedestrian Tracking", 2022).

    proximity: largest IoU cost, and appearance: largest half cosine distance, at which looks may decide (the paper's
    θ_iou and θ_emb); memory: share of the old in the running mean of looks (its α).
    """

    motion: MotionConfig = field(default_factory=MotionConfig)
    life: LifeConfig = field(default_factory=LifeConfig)
    camera: CameraMotionConfig = field(default_factory=CameraMotionConfig)
    high_score: float = 0.25
    low_score: float = 0.1
    first_limit: float = 0.8
    second_limit: float = 0.5
    provisional_limit: float = 0.7
    duplicate_iou: float = 0.85
    proximity: float = 0.5
    appearance: float = 0.25
    memory: float = 0.9

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("high_score", "low_score", "duplicate_iou", "proximity", "memory"))


@dataclass(frozen=True)
class DefaultConfig:
    """Ours; see `trackers.default`. Chosen on MOT17-sim 02, 05 and 10; measured in docs/trackers.md.

    high_score, low_score: the classes of detections. iou_weight: share of IoU in the cost, the rest is the filter's
    surprise over `gate`; spread_weight: of the surprise's log determinant; score_weight: cost of a score of 0. The
    limits are those of the three rounds. alone_iou: overlap that is enough where neither track nor detection overlaps
    anybody else by more than `near_iou`. fresh_s: how long ago a track may have been seen that a weak detection may
    continue, or one alone with it. least_cover: share of a box that somebody in front hides; clear_lost_s: how long a
    track may be unseen in clear view, where `life.lost_s` is for the hidden. camera_witnesses: tracks found that it
    takes to tell the camera's motion; camera_speed_gain: how much of it is speed (per second). size_rest_s: how soon
    the size of a lost track stops changing. begin_iou: overlap with a track found that makes a detection its double.
    weak_noise: how much more noise a box of score 0 has than one of score 1.
    """

    motion: MotionConfig = field(
        default_factory=lambda: MotionConfig(
            centre_x_noise=0.021, centre_y_noise=0.017, width_noise=0.03, height_noise=0.077, walk=0.24,
            size_walk=0.18, acceleration=0.22, size_acceleration=0.045, birth_speed=0.64, birth_size_speed=1.45,
        )
    )  # fmt: skip
    life: LifeConfig = field(default_factory=lambda: LifeConfig(begin_score=0.56, provisional_lost_s=0.17, lost_s=3.0))
    high_score: float = 0.27
    low_score: float = 0.1
    iou_weight: float = 0.52
    gate: float = 12.0
    spread_weight: float = 0.79
    score_weight: float = 0.225
    first_limit: float = 0.855
    alone_iou: float = 0.5
    near_iou: float = 0.35
    second_limit: float = 1.24
    provisional_limit: float = 0.87
    fresh_s: float = 0.21
    least_cover: float = 0.4
    clear_lost_s: float = 1.0
    camera_witnesses: int = 4
    camera_speed_gain: float = 0.32
    size_rest_s: float = 0.17
    begin_iou: float = 0.9
    weak_noise: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(
            self,
            positive=("gate", "camera_witnesses", "size_rest_s"),
            shares=("high_score", "low_score", "iou_weight", "alone_iou", "near_iou", "least_cover", "begin_iou"),
        )


# The passes over a whole recording: trackers.offline.


@dataclass(frozen=True)
class SplitConfig:
    """Cutting tracklets; see `trackers.offline.split`.

    backwards: whether to cut where the tracker reading from the end links otherwise. least_crops: crops on either side
    of a change of looks; looks_jump: cosine distance of their means beyond which it is cut.
    """

    backwards: bool = True
    least_crops: int = 3
    looks_jump: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, positive=("least_crops",))


@dataclass(frozen=True)
class JoinConfig:
    """Joining tracklets over gaps; see `trackers.offline.join` and `trackers.offline.ends.motion_cost`.

    longest_s: longest gap. limit: largest cost of a join. forward_bonus, backward_bonus: what a link of the tracker is
    worth, reading from the beginning and from the end. speed_s: span at an end that its speed is fitted to, leaning
    towards rest as if one more box, `rest_s` away, had not moved. trust_speed_s: how long a speed is believed before it
    fades. common_share: how much of the common displacement is the camera's. place_noise, size_noise: standard
    deviations of the place (heights) and of the logarithm of the height at once; speed_noise, size_speed_noise: how
    they grow per second of gap; turn_noise: of the change of speed (heights per second); box_noise: of a box that a
    speed is fitted to (heights). spread_weight: of the log of how far the deviations have grown. clear_weight: cost of
    a second of gap in which nobody stood in front, up to `clear_most_s`; least_cover: the share of the box that hides
    it; samples: frames looked at. looks_weight: cost of a cosine distance of 1; looks_unknown: distance that
    speaks neither for nor against, as without crops.
    """

    longest_s: float = 4.0
    limit: float = 5.0
    forward_bonus: float = 6.0
    backward_bonus: float = 6.0
    speed_s: float = 0.7
    rest_s: float = 0.2
    trust_speed_s: float = 1.0
    common_share: float = 0.95
    place_noise: float = 0.06
    speed_noise: float = 0.17
    size_noise: float = 0.06
    size_speed_noise: float = 0.07
    turn_noise: float = 0.35
    box_noise: float = 0.03
    spread_weight: float = 1.0
    clear_weight: float = 0.5
    clear_most_s: float = 2.0
    least_cover: float = 0.4
    samples: int = 8
    looks_weight: float = 8.0
    looks_unknown: float = 0.4

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(
            self,
            positive=("rest_s", "trust_speed_s", "place_noise", "size_noise", "turn_noise", "samples"),
            shares=("common_share", "least_cover"),
        )


@dataclass(frozen=True)
class HandOverConfig:
    """When a moment that two tracklets share is one person's; see `trackers.offline.hand_over`.

    longest_s: of such a moment. least_iou: mean overlap of the two in it.
    """

    longest_s: float = 1.2
    least_iou: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("least_iou",))


@dataclass(frozen=True)
class ClutterConfig:
    """What is left out; see `trackers.offline.clutter`.

    least_boxes: of a person; least_score: mean score of one, where scores are calibrated (0: any).
    short_s, short_score: shorter and lower than both is clutter. static_score, static_move: lower than this and within
    so many heights all its life, too. still_score, still_move: the same for who stays longer than still_s; people do
    not keep so still for so long, plants and posters do. jointless_score, jointless_confidence: lower, and its surest
    joints are less sure than that: a box without a visible joint holds nobody. double_iou, double_share: a tracklet
    that overlaps a longer one that much for that share of its life is its double.
    """

    least_boxes: int = 3
    least_score: float = 0.0
    short_s: float = 0.3
    short_score: float = 0.45
    static_score: float = 0.35
    static_move: float = 0.2
    still_score: float = 0.7
    still_move: float = 0.07
    still_s: float = 1.5
    jointless_score: float = 0.7
    jointless_confidence: float = 0.35
    double_iou: float = 0.6
    double_share: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(
            self,
            shares=(
                "least_score",
                "short_score",
                "static_score",
                "still_score",
                "jointless_score",
                "jointless_confidence",
                "double_iou",
                "double_share",
            ),
        )


@dataclass(frozen=True)
class SmoothConfig:
    """Steadying and gap filling; see `trackers.offline.smooth`.

    longest_fill_s: longer gaps stay empty. common_share: how much of the common displacement is the camera's, and taken
    out while smoothing. steady: whether boxes of detections move, too. weak_noise: how much more noise a box of score 0
    has than one of score 1.
    """

    motion: MotionConfig = field(
        default_factory=lambda: MotionConfig(walk=0.02, size_walk=0.02, acceleration=1.0, size_acceleration=0.25)
    )
    longest_fill_s: float = 4.0
    common_share: float = 0.5
    steady: bool = True
    weak_noise: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require(self, shares=("common_share",))


@dataclass(frozen=True)
class OfflineConfig:
    """The passes over a recording, in order; each can be left out."""

    split: SplitConfig = field(default_factory=SplitConfig)
    join: JoinConfig = field(default_factory=JoinConfig)
    clutter: ClutterConfig = field(default_factory=ClutterConfig)
    smooth: SmoothConfig = field(default_factory=SmoothConfig)
    hand_over: HandOverConfig = field(default_factory=HandOverConfig)
    splitting: bool = True
    joining: bool = True
    cleaning: bool = True
    filling: bool = True
    handing_over: bool = True
