from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from core.types import FILLED, TrackletKey
from pipeline.export import mot, parquet
from pipeline.result import RunResult


def oracle(result: RunResult, camera: str) -> list[tuple[int, int, TrackletKey, int]]:
    """(frame, identity, key, row) of every box of a camera, in order; plain loops."""
    found = []
    for key, tracklet in result.tracklets.items():
        if key.camera == camera:
            for row, frame in enumerate(tracklet.frames.tolist()):
                found.append((frame, result.identity_of()[key], key, row))
    return sorted(found)


def test_mot_one_sorted_file_per_camera(tmp_path: Path, result: RunResult) -> None:
    paths = mot.write(tmp_path / "mot", result)
    assert [path.name for path in paths] == ["<script>'\" é.txt", "a.txt", "broken.txt"]
    assert paths[2].read_bytes() == b""
    for camera, path in zip(result.cameras, paths, strict=True):
        lines = [line.split(",") for line in path.read_text().splitlines()]
        expected = oracle(result, camera.id)
        assert len(lines) == len(expected)
        for line, (frame, identity, key, row) in zip(lines, expected, strict=True):
            x1, y1, x2, y2 = result.tracklets[key].boxes_xyxy[row].tolist()
            assert line[:2] == [str(frame + 1), str(identity)]
            numbers = [float(value) for value in line[2:7]]
            np.testing.assert_allclose(numbers[:4], [x1, y1, x2 - x1, y2 - y1], atol=0.11)
            np.testing.assert_allclose(numbers[4], result.tracklets[key].scores[row], atol=0.00051)
            assert line[7:] == ["-1", "-1", "-1"]
            assert max(len(value.partition(".")[2]) for value in line[2:6]) <= 1


def test_mot_without_an_identity_there_is_no_line(tmp_path: Path, result: RunResult) -> None:
    only_second = RunResult(result.cameras, result.tracklets, result.identities[1:])
    mot.write(tmp_path, only_second)
    assert [line.split(",")[1] for line in (tmp_path / "a.txt").read_text().splitlines()] == ["2", "2", "2"]


def test_parquet_holds_every_box(tmp_path: Path, result: RunResult) -> None:
    parquet.write(tmp_path / "tracks.parquet", result)
    table = pq.read_table(tmp_path / "tracks.parquet")
    assert table.schema.names == [
        "camera", "frame", "time_s", "identity", "local_id", "x1", "y1", "x2", "y2", "score", "source"
    ]  # fmt: skip
    expected = [(camera.id, *row) for camera in result.cameras for row in oracle(result, camera.id)]
    rows = table.to_pylist()
    assert len(rows) == len(expected) == 12
    for row, (camera, frame, identity, key, index) in zip(rows, expected, strict=True):
        tracklet = result.tracklets[key]
        assert (row["camera"], row["frame"], row["identity"], row["local_id"]) == (
            camera, frame, identity, key.local_id
        )  # fmt: skip
        assert row["source"] == ("filled" if tracklet.source[index] == FILLED else "detected")
        assert abs(row["time_s"] - tracklet.times_s[index]) < 0.001
        np.testing.assert_allclose([row[n] for n in ("x1", "y1", "x2", "y2")], tracklet.boxes_xyxy[index], atol=0.051)


def test_parquet_bytes_depend_on_the_result_alone(tmp_path: Path, result: RunResult) -> None:
    parquet.write(tmp_path / "one.parquet", result)
    backwards = RunResult(result.cameras, dict(reversed(list(result.tracklets.items()))), result.identities)
    parquet.write(tmp_path / "two.parquet", backwards)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_parquet_without_boxes_keeps_its_columns(tmp_path: Path, result: RunResult) -> None:
    parquet.write(tmp_path / "none.parquet", RunResult(result.cameras, {}, []))
    table = pq.read_table(tmp_path / "none.parquet")
    assert (table.num_rows, table.num_columns) == (0, 11)


def test_parquet_identity_is_null_without_one(tmp_path: Path, result: RunResult) -> None:
    parquet.write(tmp_path / "x.parquet", RunResult(result.cameras, result.tracklets, result.identities[:1]))
    rows = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert {row["identity"] for row in rows if (row["camera"], row["local_id"]) == ("a", 2)} == {None}
