"""What reading one camera leaves: an artifact on disk, so that a second run need not read the video again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import orjson

from core.arrays import open_arrays
from core.types import Appearance, Descriptors, Tracklet, TrackletKey
from core.whole import whole_file
from pipeline.result import CameraResult

TRACKLET_FIELDS = ("frames", "times_s", "boxes_xyxy", "scores", "source")
DESCRIPTOR_FIELDS = ("global_", "parts", "visibility", "stripes", "quality")


@dataclass(frozen=True)
class CameraTracks:
    """A camera, who walked through it, and what they look like. seconds: time spent, by stage."""

    camera: CameraResult
    tracklets: Sequence[Tracklet]
    appearances: Sequence[Appearance]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def known_as(self, source: Path, name: str, offset_s: float) -> "CameraTracks":
        """The same, of a video that lies at `source`, under `name`, with all times moved to the clock `offset_s`."""
        shift_s = offset_s - self.camera.offset_s
        times_s = self.camera.frame_times_s + shift_s
        camera = replace(self.camera, source=source, name=name, offset_s=offset_s, frame_times_s=times_s)
        return replace(self, camera=camera, tracklets=[replace(t, times_s=t.times_s + shift_s) for t in self.tracklets])

    def save(self, path: Path) -> None:
        """Write to `path` (.npz), whole or not at all. Keypoints are kept to a quarter of a pixel."""
        camera = self.camera
        head = {
            "id": camera.id,
            "name": camera.name,
            "source": str(camera.source),
            "width": camera.width,
            "height": camera.height,
            "fps": float(camera.fps),
            "offset_s": camera.offset_s,
            "error": camera.error,
            "warnings": camera.warnings,
            "seconds": dict(self.seconds),
        }
        arrays: dict[str, np.ndarray] = {
            "head": np.frombuffer(orjson.dumps(head), np.uint8),
            "frame_times_s": np.asarray(camera.frame_times_s, np.float64),
            "local_ids": np.array([t.key.local_id for t in self.tracklets], np.int64),
            "lengths": np.array([len(t) for t in self.tracklets], np.int64),
            "appearance_ids": np.array([a.key.local_id for a in self.appearances], np.int64),
            "appearance_lengths": np.array([len(a.frames) for a in self.appearances], np.int64),
            "crop_frames": np.concatenate([a.frames for a in self.appearances] or [np.zeros(0, np.int32)]),
        }
        if self.tracklets:
            for name in TRACKLET_FIELDS:
                arrays[f"tracklet_{name}"] = np.concatenate([getattr(t, name) for t in self.tracklets])
            if all(t.keypoints_xyc is not None for t in self.tracklets):
                arrays["tracklet_keypoints"] = _pack(np.concatenate([t.keypoints_xyc for t in self.tracklets]))
        if self.appearances:
            together = Descriptors.concatenate([a.descriptors for a in self.appearances])
            arrays |= {f"descriptor_{name}": getattr(together, name) for name in DESCRIPTOR_FIELDS}
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "CameraTracks":
        """Read what `save` wrote. InputError, KeyError or TypeError where the file is not one."""
        with open_arrays(path) as arrays:
            head = orjson.loads(arrays["head"].tobytes())
            seconds = head.pop("seconds")
            head["source"] = Path(head["source"])
            head["warnings"] = tuple(head.get("warnings", ()))
            camera = CameraResult(frame_times_s=arrays["frame_times_s"], **head)
            keys = [TrackletKey(camera.id, int(n)) for n in arrays["local_ids"]]
            cuts = np.cumsum(arrays["lengths"])[:-1]
            tracklets = []
            if keys:
                columns = [np.split(arrays[f"tracklet_{name}"], cuts) for name in TRACKLET_FIELDS]
                joints: list[np.ndarray | None] = [None] * len(keys)
                if "tracklet_keypoints" in arrays:
                    joints = list(np.split(_unpack(arrays["tracklet_keypoints"]), cuts))
                tracklets = [Tracklet(key, *values) for key, *values in zip(keys, *columns, joints, strict=True)]
            appearances = []
            if len(arrays["appearance_ids"]):
                together = Descriptors(*(arrays[f"descriptor_{name}"] for name in DESCRIPTOR_FIELDS))
                begin = 0
                for number, length in zip(arrays["appearance_ids"], arrays["appearance_lengths"], strict=True):
                    rows = slice(begin, begin + int(length))
                    key = TrackletKey(camera.id, int(number))
                    appearances.append(Appearance(key, arrays["crop_frames"][rows], together[rows]))
                    begin += int(length)
        return cls(camera, tracklets, appearances, seconds)


def _pack(keypoints_xyc: np.ndarray) -> np.ndarray:
    """Keypoints (T, 17, 3) as int16: quarter pixels, and confidence in thousandths."""
    scaled = np.concatenate([keypoints_xyc[:, :, :2] * 4, keypoints_xyc[:, :, 2:] * 1000], 2)
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def _unpack(packed: np.ndarray) -> np.ndarray:
    return packed.astype(np.float32) / np.array([4, 4, 1000], np.float32)
