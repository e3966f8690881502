"""`tracks.parquet`: one row per box, sorted by camera, frame and identity; one row group per camera."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.types import DETECTED, FILLED, Tracklet, TrackletKey
from core.whole import whole_file
from pipeline.export.rows import rounded
from pipeline.result import RunResult

_WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("camera", _WORD, nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("time_s", pa.float64(), nullable=False),
        pa.field("identity", pa.int32()),
        pa.field("local_id", pa.int32(), nullable=False),
        pa.field("x1", pa.float32(), nullable=False),
        pa.field("y1", pa.float32(), nullable=False),
        pa.field("x2", pa.float32(), nullable=False),
        pa.field("y2", pa.float32(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("source", _WORD, nullable=False),
    ]
)
SOURCES = {DETECTED: "detected", FILLED: "filled"}


def write(path: Path, result: RunResult) -> None:
    """Write every box of `result`; a file without rows where there are none. The bytes depend on `result` alone.

    identity is null for a tracklet without one. Raises OutputError.
    """
    identity_of = result.identity_of()
    with whole_file(path) as part, pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
        for camera in result.cameras:
            tracklets = [tracklet for tracklet in result.of_camera(camera.id) if len(tracklet)]
            if tracklets:
                writer.write_table(_table(camera.id, tracklets, identity_of))


def _table(camera: str, tracklets: list[Tracklet], identity_of: dict[TrackletKey, int]) -> pa.Table:
    rows = [rounded(tracklet) for tracklet in tracklets]
    lengths = [len(row) for row in rows]
    frame = np.concatenate([row.frames for row in rows])
    time_s = np.concatenate([row.times_s for row in rows])
    boxes_xyxy = np.concatenate([row.boxes_xyxy for row in rows], axis=1)
    score = np.concatenate([row.scores for row in rows])
    source = np.concatenate([row.source for row in rows])
    local_id = np.repeat([tracklet.key.local_id for tracklet in tracklets], lengths)
    identity = np.repeat([identity_of.get(tracklet.key, 0) for tracklet in tracklets], lengths)
    order = np.lexsort((local_id, identity, frame))
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(frame), np.int32)), pa.array([camera]))
    sources = pa.DictionaryArray.from_arrays(pa.array(source[order].astype(np.int32)), pa.array(list(SOURCES.values())))
    columns = {
        "camera": words,
        "frame": frame[order],
        "time_s": time_s[order],
        "identity": pa.array(identity[order], pa.int32(), mask=identity[order] == 0),
        "local_id": local_id[order],
        **{
            name: column[order].astype(np.float32)
            for name, column in zip(("x1", "y1", "x2", "y2"), boxes_xyxy, strict=True)
        },
        "score": score[order].astype(np.float32),
        "source": sources,
    }
    return pa.table(columns, schema=SCHEMA)
