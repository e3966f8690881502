"""Every default of detection."""

from dataclasses import dataclass

from core.errors import SettingError
from core.letterbox import ENLARGE
from core.suppress import BLEND

POSES = ("auto", "crop", "frame")
SMALLEST_PX = 64  # below it a person is a dot


@dataclass(frozen=True)
class DetectConfig:
    """How people are looked for.

    score: boxes below are dropped; low on purpose, since the tracker makes use of unsure boxes. overlap: of two boxes
    that share more than this (intersection over union), the surer stays. blend: box and keypoints are then the mean of
    all that share this much with it, weighted by their scores squared (1: its own alone). image_size: the frame's
    longer side is brought to this many pixels, a multiple of 32, before it is looked at; a network that was exported
    for one size keeps that. enlarge: but a small frame is not made more than so many times as large, which would show
    nothing new, and blurred. tiles: 1 looks at whole frames; n looks at n × n overlapping tiles of each as well, for
    people who are small in large frames, at 1 + n² times the cost. max_people: most boxes of a frame. batch: frames
    looked at in one go on a GPU, if the network was not exported for another number (on the CPU each frame is its own
    request). pose: `crop` looks at each person alone for the joints, with the bundled pose network; `frame` keeps those
    that the detector gives with the box, if it gives any; `auto` is `crop` for the bundled detector and for detectors
    without keypoints. Raises SettingError.
    """

    score: float = 0.2
    overlap: float = 0.5
    blend: float = BLEND
    image_size: int = 512
    enlarge: float = ENLARGE
    tiles: int = 1
    max_people: int = 300
    batch: int = 8
    pose: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        for name in ("score", "overlap", "blend"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"detect.{name}: expected 0 to 1, got {getattr(self, name)}")
        if self.image_size < SMALLEST_PX:
            raise SettingError(f"detect.image_size: expected {SMALLEST_PX} px or more, got {self.image_size}")
        if not self.enlarge > 0:
            raise SettingError(f"detect.enlarge: expected more than 0, got {self.enlarge}")
        if self.pose not in POSES:
            raise SettingError(f"detect.pose: expected {', '.join(POSES)}, got {self.pose!r}")
        for name in ("tiles", "max_people", "batch"):
            if getattr(self, name) < 1:
                raise SettingError(f"detect.{name}: expected 1 or more, got {getattr(self, name)}")
