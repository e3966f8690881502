"""The settings of locating people on the floor, each default once."""

from dataclasses import dataclass, fields, replace

from core.errors import SettingError


@dataclass(frozen=True)
class LocateConfig:
    """How boxes of several cameras become positions: `--set key=value` of `python -m pipeline locate`.

    A person is an upright cylinder: `body_radius_m`, and `body_height_m` give or take `body_height_sigma_m`. People
    walk at speeds that change by `acceleration_m_s2`; a new one's speed is 0 give or take `speed_m_s`.

    A box's centre is off by `centre_error` of its height, its upper edge by `top_error`, its lower one, which furniture
    and other people hide, by `bottom_error`; farther than `gate` (squared Mahalanobis distance, 3 numbers) it is not
    this person's. `outlier_freedom` is the Student-t's degrees of freedom: the fewer, the less a bad edge counts.
    Boxes below `least_score` are not used; of two that overlap by `duplicate_iou` in one camera the lower one is not.

    A person starts where `birth_cameras` cameras (or all, if there are fewer) agree on a box that nobody has claimed,
    at least `apart_m` from everybody known; is believed after `least_life_s` with `least_views` boxes a frame on
    average (or half as many as cameras, if that is fewer); and ends when unseen for `longest_gap_s`. Where two come
    nearer than `crossing_m` it is asked afterwards whether their ways on, exchanged, would fit movement and heights
    better, by a log-likelihood ratio above `swap_evidence`. Ends and starts within `stitch_s` and `stitch_m` of where
    the walk would have led are one person. Positions count where `whole_views` cameras (or all, if there are fewer)
    would have the whole body in their picture: elsewhere boxes are cut off and say little; 0 reports all.
    """

    body_radius_m: float = 0.25
    body_height_m: float = 1.72
    body_height_sigma_m: float = 0.1
    acceleration_m_s2: float = 1.0
    speed_m_s: float = 1.0
    centre_error: float = 0.05
    top_error: float = 0.05
    bottom_error: float = 0.06
    gate: float = 12.0
    outlier_freedom: float = 4.0
    least_score: float = 0.8
    duplicate_iou: float = 0.7
    birth_cameras: int = 3
    apart_m: float = 0.5
    least_life_s: float = 2.0
    least_views: float = 1.5
    longest_gap_s: float = 1.5
    whole_views: int = 3
    crossing_m: float = 0.7
    swap_evidence: float = 1.0
    stitch_s: float = 3.0
    stitch_m: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for field in fields(self):
            if not getattr(self, field.name) >= 0:
                raise SettingError(f"{field.name}: expected at least 0, got {getattr(self, field.name)}")
        for name in ("body_height_m", "centre_error", "top_error", "bottom_error", "outlier_freedom", "gate"):
            if getattr(self, name) == 0:
                raise SettingError(f"{name}: expected more than 0, got 0")
        if self.birth_cameras < 1:
            raise SettingError(f"birth_cameras: expected 1 or more, got {self.birth_cameras}")

    def among(self, cameras: int) -> "LocateConfig":
        """The same, asking for no more cameras than there are."""
        return replace(
            self,
            birth_cameras=min(self.birth_cameras, cameras),
            least_views=min(self.least_views, cameras / 2),
            whole_views=min(self.whole_views, cameras),
        )
