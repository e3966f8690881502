"""The settings of association, each default once."""

from dataclasses import dataclass

from core.errors import SettingError


@dataclass(frozen=True)
class AssociateConfig:
    """How tracklets become identities: `--set associate.key=value`.

    caution: 0 merges freely, 1 merges only when sure; it moves the largest distance at which two groups of tracklets
    still count as one person from `free_distance` down to `sure_distance` (mean appearance distance between the
    groups, as `reid.tracklet.tracklet_distance` measures it).
    """

    caution: float = 0.5
    free_distance: float = 0.7
    sure_distance: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 <= self.caution <= 1:
            raise SettingError(f"associate.caution: expected a number from 0 to 1, got {self.caution}")
        if self.sure_distance > self.free_distance:
            raise SettingError(
                f"associate.sure_distance: expected at most associate.free_distance ({self.free_distance}), "
                f"got {self.sure_distance}"
            )

    @property
    def largest_distance(self) -> float:
        """The mean distance up to which two groups of tracklets are merged."""
        return self.free_distance + self.caution * (self.sure_distance - self.free_distance)
