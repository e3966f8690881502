"""Settings of the exporters, reached as `--set export.key=value`."""

from dataclasses import dataclass

from core.errors import SettingError

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
MOST_KEYFRAME_S = 3600.0  # x264 counts the pictures between in 32 bits


@dataclass(frozen=True)
class ExportConfig:
    """How results are written.

    gzip: write `tracks.json.gz` instead of `tracks.json`. qp, preset: x264's constant quantiser (0 lossless to 51
    worst) and effort. encoder_threads: fixed, because x264's bytes depend on it. keyframe_s: how far apart pictures are
    that a player can seek to. audio: copy the source's sound. trail_s: how long the trail of foot points is; 0: none.
    bridge_s: a tracklet's gap shorter than this (a frame stride, a missed detection) is drawn through, dashed.
    skeleton: draw the joints seen with at least joint_confidence. Raises SettingError.
    """

    gzip: bool = False
    qp: int = 27
    preset: str = "ultrafast"
    encoder_threads: int = 1
    keyframe_s: float = 2.0
    audio: bool = True
    trail_s: float = 1.5
    bridge_s: float = 0.25
    skeleton: bool = False
    joint_confidence: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what the encoder or the painter cannot do."""
        _require(0 <= self.qp <= 51, "export.qp", "0 to 51", self.qp)
        _require(self.preset in PRESETS, "export.preset", "one of " + ", ".join(PRESETS), self.preset)
        _require(1 <= self.encoder_threads <= 64, "export.encoder_threads", "1 to 64", self.encoder_threads)
        keyframe_s = f"more than 0 and at most {MOST_KEYFRAME_S:g} seconds"
        _require(0 < self.keyframe_s <= MOST_KEYFRAME_S, "export.keyframe_s", keyframe_s, self.keyframe_s)
        _require(self.trail_s >= 0, "export.trail_s", "0 seconds or more", self.trail_s)
        _require(self.bridge_s >= 0, "export.bridge_s", "0 seconds or more", self.bridge_s)
        _require(0 <= self.joint_confidence <= 1, "export.joint_confidence", "0 to 1", self.joint_confidence)


def _require(fine: bool, key: str, expected: str, got: object) -> None:
    if not fine:
        raise SettingError(f"{key}: expected {expected}, got {got!r}")
