import gzip
import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.types import Tracklet, TrackletKey
from pipeline.export import tracks_json
from pipeline.export.tracks_schema import Tracks, json_schema
from pipeline.record import metadata
from pipeline.result import RunResult
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "schema" / "tracks.schema.json"


def test_the_committed_schema_is_the_models() -> None:
    assert SCHEMA_FILE.read_bytes() == json_schema(), (
        "run: python -m pipeline.export.tracks_schema > schema/tracks.schema.json"
    )


def test_the_example_of_the_docs_is_what_a_run_writes() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    run = Tracks.model_validate_json(example).run
    assert set(run) == set(metadata(Settings(), "cpu", ("detector@1", "reid@2")))


def test_what_is_written_fits_the_schema(tmp_path: Path, result: RunResult) -> None:
    schema = json.loads(SCHEMA_FILE.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(tracks_json.write(tmp_path / "tracks.json", result).read_bytes())
    validator.validate(document)
    spoils: list[dict[str, object]] = [{"version": 2}, {"extra": 1}, {"tracklets": [{}]}]
    for spoil in spoils:
        assert not validator.is_valid({**document, **spoil})


def test_the_content(tmp_path: Path, result: RunResult) -> None:
    document = json.loads(tracks_json.write(tmp_path / "tracks.json", result).read_bytes())
    assert document["run"] == {"version": "1.2.3", "settings_digest": "ab" * 8, "stride": 2}
    odd, fine, broken = document["cameras"]
    assert (odd["id"], odd["file"]) == ("<script>'\" é", "<script>'\" é.mp4")
    assert (fine["frames"], fine["duration_s"], fine["fps"], fine["width"]) == (10, 0.4, 25.0, 640)
    assert (broken["frames"], broken["width"], broken["error"]) == (0, 0, "no video stream")
    first = document["identities"][0]["tracklets"]
    assert [(ref["camera"], ref["local_id"]) for ref in first] == [("<script>'\" é", 1), ("a", 1), ("a", 7)]
    assert first[1]["evidence"] == {
        "score": 0.812346, "margin": 0.25, "probability": 0.75,
        "best_pair": {"camera": "<script>'\" é", "local_id": 1}, "frames": [2, 9], "unknown": False,
    }  # fmt: skip
    assert first[0]["evidence"] is None
    tracklet = document["tracklets"][1]
    source = result.tracklets[TrackletKey("a", 1)]
    assert (tracklet["camera"], tracklet["local_id"], tracklet["identity"]) == ("a", 1, 1)
    assert tracklet["frame"] == [0, 1, 2, 5]
    assert tracklet["time_s"] == [0.0, 0.04, 0.08, 0.2]
    for column, name in enumerate(("x1", "y1", "x2", "y2")):
        assert tracklet[name] == [round(float(value), 1) for value in source.boxes_xyxy[:, column]]
    assert tracklet["score"] == [round(float(score), 3) for score in source.scores]
    assert tracklet["source"] == source.source.tolist()


def test_no_path_is_told(tmp_path: Path, result: RunResult) -> None:
    data = tracks_json.write(tmp_path / "tracks.json", result).read_text()
    assert "private" not in data
    assert str(tmp_path) not in data


@pytest.mark.parametrize("compress", [False, True])
def test_the_same_result_gives_the_same_bytes_whatever_the_order(
    tmp_path: Path, result: RunResult, compress: bool
) -> None:
    shuffled = RunResult(
        result.cameras,
        dict(reversed(list(result.tracklets.items()))),
        result.identities,
        dict(reversed(list(result.metadata.items()))),
    )
    one = tracks_json.write(tmp_path / "one" / "tracks.json", result, compress=compress)
    two = tracks_json.write(tmp_path / "other.json", shuffled, compress=compress)
    assert one.read_bytes() == two.read_bytes()


def test_gzip_on_request(tmp_path: Path, result: RunResult) -> None:
    plain = tracks_json.write(tmp_path / "tracks.json", result)
    zipped = tracks_json.write(tmp_path / "tracks.json", result, compress=True)
    assert zipped.name == "tracks.json.gz"
    assert gzip.decompress(zipped.read_bytes()) == plain.read_bytes()
    assert zipped.read_bytes()[4:8] == bytes(4)  # no time
    assert tracks_json.read(zipped).identity_of() == result.identity_of()


def test_reading_gives_back_what_was_written(tmp_path: Path, result: RunResult) -> None:
    path = tracks_json.write(tmp_path / "tracks.json", result)
    again = tracks_json.read(path)
    assert again.metadata == result.metadata
    for got, camera in zip(again.cameras, result.cameras, strict=True):
        assert (got.id, got.name, got.frames, got.error) == (camera.id, camera.name, camera.frames, camera.error)
        assert got.duration_s == pytest.approx(camera.duration_s)
    assert again.identity_of() == result.identity_of()
    assert [t.key for t in again.of_camera("a")] == [t.key for t in result.of_camera("a")]
    for key, tracklet in result.tracklets.items():
        assert np.array_equal(again.tracklets[key].frames, tracklet.frames)
        assert np.array_equal(again.tracklets[key].source, tracklet.source)
        assert np.abs(again.tracklets[key].boxes_xyxy - tracklet.boxes_xyxy).max() <= 0.0501
        assert np.abs(again.tracklets[key].scores - tracklet.scores).max() <= 0.000501
    assert tracks_json.write(tmp_path / "again.json", again).read_bytes() == path.read_bytes()


def test_nothing_at_all(tmp_path: Path) -> None:
    again = tracks_json.read(tracks_json.write(tmp_path / "tracks.json", RunResult([], {}, [])))
    assert (list(again.cameras), dict(again.tracklets), list(again.identities)) == ([], {}, [])


def test_an_hour_of_five_people_stays_below_60_megabytes(tmp_path: Path) -> None:
    """Extrapolated from the longest numbers: the end of the hour, a 4K picture."""
    length, rng = 1000, np.random.default_rng(0)
    frames = np.arange(90_000 - length, 90_000)
    tracklets = {}
    for person in range(5):
        boxes = rng.uniform(1000, 3840, (length, 4))
        key = TrackletKey("entrance", person)
        scores = rng.uniform(0, 1, length)
        tracklets[key] = Tracklet(key, frames, frames / 24.97, boxes, scores, np.zeros(length))
    path = tracks_json.write(tmp_path / "tracks.json", RunResult([], tracklets, []))
    bytes_per_box = path.stat().st_size / (5 * length)
    assert bytes_per_box * 5 * 25 * 3600 < 60e6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 4, st.floats(0, 1, width=32)), max_size=5))
def test_numbers_are_short_and_reading_is_stable(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]]
) -> None:
    folder, key = tmp_path_factory.mktemp("numbers"), TrackletKey("a", 1)
    table = np.array(rows, np.float32).reshape(-1, 5)
    count = len(table)
    tracklet = Tracklet(key, np.arange(count), np.arange(count) / 29.97, table[:, :4], table[:, 4], np.zeros(count))
    path = tracks_json.write(folder / "a.json", RunResult([], {key: tracklet}, []))
    (entry,) = json.loads(path.read_bytes())["tracklets"]
    for name, decimals in (("x1", 1), ("y1", 1), ("x2", 1), ("y2", 1), ("time_s", 3), ("score", 3)):
        for value in entry[name]:
            assert len(repr(value).partition(".")[2]) <= decimals
            assert not repr(value).startswith("-0.0")
    assert tracks_json.write(folder / "b.json", tracks_json.read(path)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the document"),
        ("{", "the document"),
        ('{"format":"other"}', "format"),
        ('{"format":"throughline-tracks","version":1,"run":{},"cameras":[],"identities":[],"tracklets":[{"camera":"a",'
         '"local_id":1,"identity":1,"frame":[1],"time_s":[],"x1":[1],"y1":[1],"x2":[1],"y2":[1],"score":[1],'
         '"source":[0]}]}', "time_s has 0 entries, frame has 1"),
    ],
)  # fmt: skip
def test_other_files_are_refused_with_their_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tracks.json").write_text(text)
    with pytest.raises(InputError, match=rf"tracks\.json.*{message}"):
        tracks_json.read(tmp_path / "tracks.json")


def test_a_missing_or_cut_file_is_refused(tmp_path: Path, result: RunResult) -> None:
    with pytest.raises(InputError, match="No such file"):
        tracks_json.read(tmp_path / "tracks.json")
    path = tracks_json.write(tmp_path / "tracks.json", result, compress=True)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="cannot read"):
        tracks_json.read(path)
