"""What a tracker has seen, box by box, in little memory: hours of video with a few hundred megabytes."""

from typing import Any

import numpy as np

from core.keypoints import COUNT
from core.types import DETECTED, Tracklet, TrackletKey

BLOCK_ROWS = 4096
# Joints are kept relative to their box: positions from one box size before it to one after it, in 16 bits each.
REACH = 3.0
STEPS = 65535
ROW = np.dtype([("local_id", "<i4"), ("frame", "<i4"), ("time_s", "<f8"), ("box", "<f4", 4), ("score", "<f4")])
JOINTS = np.dtype([("xy", "<u2", (COUNT, 2)), ("confidence", "u1", COUNT)])


class History:
    """Rows of (track, frame, box, score, keypoints) in blocks; whole tracks come out, and tracks can be forgotten."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._joints: list[np.ndarray] = []
        self._used = BLOCK_ROWS
        self._forgotten: set[int] = set()
        self._with_keypoints = False

    def add(
        self, local_ids: np.ndarray, frame: int, time_s: float, boxes: np.ndarray, scores: np.ndarray,
        keypoints_xyc: np.ndarray | None,
    ) -> None:  # fmt: skip
        """Note one frame's M boxes (M, 4) with scores (M,) and keypoints (M, 17, 3) or None."""
        self._with_keypoints |= keypoints_xyc is not None
        packed = pack_joints(keypoints_xyc, boxes) if keypoints_xyc is not None else None
        start = 0
        while start < len(local_ids):
            if self._used == BLOCK_ROWS:
                self._open_block()
            stop = min(len(local_ids), start + BLOCK_ROWS - self._used)
            here = slice(self._used, self._used + stop - start)
            block = self._blocks[-1]
            block["local_id"][here] = local_ids[start:stop]
            block["frame"][here] = frame
            block["time_s"][here] = time_s
            block["box"][here] = boxes[start:stop]
            block["score"][here] = scores[start:stop]
            if packed is not None:
                self._last_joints()[here] = packed[start:stop]
            self._used += stop - start
            start = stop

    def forget(self, local_ids: np.ndarray) -> None:
        """Drop tracks that were never confirmed; their rows go when their block is next compacted."""
        self._forgotten.update(int(local_id) for local_id in local_ids)

    def tracklets(self, camera: str, local_ids: np.ndarray) -> list[Tracklet]:
        """The tracks named, in that order, each with all its boxes; keypoints where the detector gave any."""
        if not self._blocks or not len(local_ids):
            return []
        rows = np.concatenate([*self._blocks[:-1], self._blocks[-1][: self._used]])
        joints = self._all_joints()
        order = np.argsort(rows["local_id"], kind="stable")
        sorted_ids = rows["local_id"][order]
        begins = np.searchsorted(sorted_ids, local_ids, "left")
        ends = np.searchsorted(sorted_ids, local_ids, "right")
        tracklets = []
        for local_id, begin, end in zip(local_ids, begins, ends, strict=True):
            mine = order[begin:end]
            part = rows[mine]
            keypoints = unpack_joints(joints[mine], part["box"]) if joints is not None else None
            source = np.full(len(part), DETECTED, np.uint8)
            key = TrackletKey(camera, int(local_id))
            tracklets.append(
                Tracklet(key, part["frame"], part["time_s"], part["box"], part["score"], source, keypoints)
            )
        return tracklets

    def state(self) -> dict[str, Any]:
        """Everything, as arrays of plain numbers."""
        joints = self._all_joints()
        rows = (
            np.concatenate([*self._blocks[:-1], self._blocks[-1][: self._used]]) if self._blocks else np.zeros(0, ROW)
        )
        return {"rows": rows, "joints": None if joints is None else joints.copy(), "forgotten": sorted(self._forgotten)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        rows, joints = state["rows"], state["joints"]
        self.__init__()  # type: ignore[misc]
        self._with_keypoints = joints is not None
        self._forgotten = set(state["forgotten"])
        for start in range(0, len(rows), BLOCK_ROWS):
            self._open_block()
            part = rows[start : start + BLOCK_ROWS]
            self._blocks[-1][: len(part)] = part
            if joints is not None:
                self._last_joints()[: len(part)] = joints[start : start + BLOCK_ROWS]
            self._used = len(part)

    def _open_block(self) -> None:
        if self._forgotten:
            self._compact()
        if self._used == BLOCK_ROWS:
            self._blocks.append(np.zeros(BLOCK_ROWS, ROW))
            self._joints.append(np.zeros(0, JOINTS))
            self._used = 0

    def _compact(self) -> None:
        """Take the rows of forgotten tracks out of the last block, which is where a track that never lasted is."""
        if not self._blocks:
            return
        gone = np.fromiter(self._forgotten, np.int32, len(self._forgotten))
        keep = np.flatnonzero(~np.isin(self._blocks[-1]["local_id"], gone))
        self._blocks[-1][: len(keep)] = self._blocks[-1][keep]
        if len(self._joints[-1]):
            self._joints[-1][: len(keep)] = self._joints[-1][keep]
        self._used = len(keep)
        self._forgotten.clear()

    def _last_joints(self) -> np.ndarray:
        if not len(self._joints[-1]):
            self._joints[-1] = np.zeros(BLOCK_ROWS, JOINTS)
        return self._joints[-1]

    def _all_joints(self) -> np.ndarray | None:
        if not self._with_keypoints or not self._blocks:
            return None
        blocks = [part if len(part) else np.zeros(BLOCK_ROWS, JOINTS) for part in self._joints]
        return np.concatenate([*blocks[:-1], blocks[-1][: self._used]])


def pack_joints(keypoints_xyc: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Keypoints (M, 17, 3) of boxes (M, 4) in 85 bytes each: 1/21845 of the box, and 1/255 of confidence."""
    packed = np.zeros(len(boxes), JOINTS)
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3)[:, None]
    relative = (keypoints_xyc[..., :2] - boxes[:, None, :2]) / size
    packed["xy"] = np.clip(np.rint((relative + 1.0) * (STEPS / REACH)), 0, STEPS)
    packed["confidence"] = np.clip(np.rint(keypoints_xyc[..., 2] * 255), 0, 255)
    return packed


def unpack_joints(packed: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The keypoints (M, 17, 3) float32 that `pack_joints` packed; a joint further out than it reaches is at its end."""
    keypoints = np.empty((len(boxes), COUNT, 3), np.float32)
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3)[:, None]
    keypoints[..., :2] = (packed["xy"] * (REACH / STEPS) - 1.0) * size + boxes[:, None, :2]
    keypoints[..., 2] = packed["confidence"] / np.float32(255)
    return keypoints
