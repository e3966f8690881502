"""The main job on a short rendered scene: every output, every promise."""

import json
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import jsonschema
import numpy as np
import pyarrow.parquet
import pytest

from core.types import TrackletKey
from pipeline.association import identification
from pipeline.detect import DetectConfig
from pipeline.people.stored_run import open_run
from tests.support.run import Outcome, run_job
from tests.support.scene import FRAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def done(short_scene, tmp_path_factory) -> Outcome:
    outcome = run_job(short_scene, tmp_path_factory.mktemp("run") / "out", "--workers", "1")
    assert outcome.code == 0, outcome.text
    return outcome


def test_people_are_found_in_every_camera(done):
    cameras = {tracklet["camera"] for identity in done.tracks()["identities"] for tracklet in identity["tracklets"]}
    assert len(cameras) == 3


def test_tracks_json_validates_against_its_schema(done):
    schema = json.loads((ROOT / "schema" / "tracks.schema.json").read_text())
    jsonschema.validate(done.tracks(), schema)


def test_nobody_is_twice_in_one_frame_of_one_camera(done):
    lines = 0
    for path in (done.output / "mot").glob("*.txt"):
        rows = [tuple(map(float, line.split(",")[:2])) for line in path.read_text().splitlines()]
        assert len(rows) == len(set(rows)), path
        lines += len(rows)
    assert lines > 0


def test_annotated_videos_have_the_size_times_and_frames_of_their_source(done, short_scene):
    for source in sorted(short_scene.glob("*.mp4")):
        ours, theirs = (_timing(path) for path in (done.output / "annotated" / source.name, source))
        assert ours == theirs
        assert len(ours[2]) == FRAMES
    with av.open(str(done.output / "annotated" / source.name)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    data = (done.output / "annotated" / source.name).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "not faststart"


def _timing(path: Path) -> tuple[int, int, list[Fraction]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
        return stream.width, stream.height, [time - times[0] for time in times]


def test_the_annotation_really_is_in_the_picture(done, short_scene):
    source = sorted(short_scene.glob("*.mp4"))[0]
    pictures = []
    for path in (source, done.output / "annotated" / source.name):
        with av.open(str(path)) as container:
            pictures.append(next(container.decode(video=0)).to_ndarray(format="bgr24").astype(int))
    changed = (np.abs(pictures[0] - pictures[1]).max(2) > 60).mean()
    assert 0.0005 < changed < 0.3


def test_parquet_holds_the_rows_of_the_text_files(done):
    table = pyarrow.parquet.read_table(done.output / "tracks.parquet").to_pydict()
    expected = {
        (path.stem, int(float(line.split(",")[0])) - 1, int(float(line.split(",")[1])))
        for path in (done.output / "mot").glob("*.txt")
        for line in path.read_text().splitlines()
    }
    assert set(zip(table["camera"], table["frame"], table["identity"], strict=True)) == expected


def test_run_json_says_what_was_run(done):
    record = json.loads((done.output / "run.json").read_text())
    assert record["settings"]["detect"]["image_size"] == DetectConfig().image_size
    networks = record["networks"]["detector"].split("+")
    assert [name.split("@")[0] for name in networks] == ["throughline-pose-slim", "throughline-pose-crop"]
    assert all(len(name.split("@")[1]) == 64 for name in networks)
    assert record["packages"]["numpy"]
    assert record["seconds"].keys() >= {"read", "associate", "export"}


@pytest.mark.parametrize("workers", ["2", "4"])
def test_the_number_of_workers_changes_nothing(done, short_scene, tmp_path, workers):
    other = run_job(short_scene, tmp_path / "out", "--workers", workers, "--outputs", "json,mot")
    assert other.code == 0, other.text
    assert (other.output / "tracks.json").read_bytes() == (done.output / "tracks.json").read_bytes()


def test_cameras_that_take_turns_do_not_disturb_each_other(done, short_scene, tmp_path):
    other = run_job(short_scene, tmp_path / "out", "--outputs", "json", "--set", "run.cameras_at_once=3")
    assert (other.output / "tracks.json").read_bytes() == (done.output / "tracks.json").read_bytes()


def test_a_second_run_recomputes_only_what_changed(done, short_scene, tmp_path):
    output = tmp_path / "out"
    run_job(short_scene, output, "--outputs", "json")
    first = (output / "tracks.json").read_bytes()
    again = run_job(short_scene, output, "--outputs", "json", "--overwrite")
    assert again.code == 0
    assert json.loads((output / "run.json").read_text())["cameras_reused"] == 3
    assert (output / "tracks.json").read_bytes() == first
    run_job(short_scene, output, "--outputs", "json", "--overwrite", "--set", "associate.caution=0.9")
    assert json.loads((output / "run.json").read_text())["cameras_reused"] == 3
    run_job(short_scene, output, "--outputs", "json", "--overwrite", "--set", "detect.score=0.3")
    assert json.loads((output / "run.json").read_text())["cameras_reused"] == 0


def test_tracklets_that_association_cut_are_cut_in_every_output(done, short_scene, tmp_path, monkeypatch):
    def once(tracklets, paths, label, config, unlike):
        longest = max(paths, key=lambda row: (len(tracklets[row]), -row))
        return {longest: [float(np.median(paths[longest].times_s))]} if len(tracklets) == count else {}

    videos, count = tmp_path / "videos", sum(len(one["tracklets"]) for one in done.tracks()["identities"])
    shutil.copytree(short_scene, videos)
    shutil.copy(ROOT / "examples" / "demo" / "cameras.toml", videos)
    monkeypatch.setattr(identification, "find_switches", once)
    outcome = run_job(videos, tmp_path / "out", "--workers", "1")
    assert outcome.code == 0, outcome.text
    tracklets = [tracklet for one in outcome.tracks()["identities"] for tracklet in one["tracklets"]]
    assert len(tracklets) == count + 1
    stored = open_run(outcome.output)
    assert {(one.camera, one.local_id) for one in stored.tracklets} == {(t["camera"], t["local_id"]) for t in tracklets}
    record = json.loads((outcome.output / "run.json").read_text())
    pieces = [camera["id"] for camera in record["cameras"] if ".pieces." in camera["artifact"]]
    assert len(pieces) == 1
    assert (outcome.output / "annotated" / f"{pieces[0]}.mp4").exists()
    again = run_job(
        videos, outcome.output, "--from", "associate", "--outputs", "json", "--set", "associate.switch_rounds=0"
    )
    assert again.code == 0, again.text
    assert sum(len(one["tracklets"]) for one in again.tracks()["identities"]) == count


def test_gzip_on_request(done, short_scene, tmp_path):
    import gzip

    other = run_job(short_scene, tmp_path / "out", "--outputs", "json", "--set", "export.gzip=true")
    unpacked = gzip.decompress((other.output / "tracks.json.gz").read_bytes())
    assert json.loads(unpacked)["identities"] == done.tracks()["identities"]


def test_stride_still_fills_the_annotated_video(short_scene, tmp_path):
    outcome = run_job(short_scene, tmp_path / "out", "--stride", "3", "--outputs", "json,video")
    assert outcome.code == 0, outcome.text
    for source in short_scene.glob("*.mp4"):
        assert len(_timing(outcome.output / "annotated" / source.name)[2]) == FRAMES


def test_dry_run_writes_nothing(short_scene, tmp_path):
    outcome = run_job(short_scene, tmp_path / "out", "--dry-run")
    assert outcome.code == 0
    assert "3 cameras" in outcome.text
    assert not (tmp_path / "out").exists()


def test_what_an_earlier_run_left_is_neither_checked_nor_passed_over_in_silence(done, short_scene, tmp_path):
    """The identities of the second run are others, and so the MOT text of the first no longer fits."""
    output = tmp_path / "out"
    shutil.copytree(done.output, output)
    tracklets = [f"{one['camera']}:{one['local_id']}" for one in done.tracks()["tracklets"]]
    videos = tmp_path / "videos"
    shutil.copytree(short_scene, videos)
    (videos / "corrections.toml").write_text(f"[[cannot_link]]\ntracklets = {json.dumps(tracklets)}\n")
    outcome = run_job(videos, output, "--from", "associate", "--outputs", "json")
    assert outcome.code == 0, outcome.text
    assert len(outcome.tracks()["identities"]) == len(tracklets) > len(done.tracks()["identities"])
    warnings = json.loads((output / "run.json").read_text())["warnings"]
    assert any("mot" in one and "annotated" in one and "earlier run" in one for one in warnings), warnings
    again = run_job(videos, output, "--from", "associate", "--overwrite")
    assert "earlier run" not in again.text, again.text


def test_floor_marks_that_hardly_fit_are_said_before_and_after_a_run(done, short_scene, tmp_path):
    videos, output = tmp_path / "videos", tmp_path / "out"
    shutil.copytree(short_scene, videos)
    shutil.copytree(done.output, output)
    (videos / "cameras.toml").write_text(
        "[cameras.cam01.floor]\nsize_px = [1280, 720]\npoints_m = [[0, 0], [4, 0], [4, 6], [0, 6]]\n"
        "points_px = [[200, 611], [1022, 559], [761, 241], [391, 242]]\n"
    )
    says = "warning: camera 'cam01': the floor marks fit only with clicks off by"
    before = run_job(videos, output, "--dry-run")
    assert (before.code, says in before.text) == (0, True), before.text
    assert re.search(r"2\.\d\d m", before.text)
    after = run_job(videos, output, "--from", "associate", "--outputs", "json")
    assert (after.code, says in after.text) == (0, True), after.text
    record = json.loads((output / "run.json").read_text())
    assert says.removeprefix("warning: ") in record["warnings"][0]


def test_the_main_job_opens_no_socket_and_leaves_the_home_alone(short_scene, tmp_path):
    """In a process of its own, where any attempt to connect, look up a name or listen raises."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*_, **__):\n"
        "    raise SystemExit('a socket was used')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = refuse\n"
        "socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "run_pipeline.py", "--videos", str(short_scene), "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--workers", "1"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(guard)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outside_cache = [path for path in home.rglob("*") if path.is_file() and ".cache/throughline" not in str(path)]
    assert outside_cache == []


def test_identities_share_ids_across_files(done):
    tracks = done.tracks()
    in_json = {
        TrackletKey(tracklet["camera"], tracklet["local_id"]): identity["id"]
        for identity in tracks["identities"]
        for tracklet in identity["tracklets"]
    }
    in_text = {
        int(float(line.split(",")[1]))
        for path in (done.output / "mot").glob("*.txt")
        for line in path.read_text().splitlines()
    }
    assert in_text == set(in_json.values())


def test_a_correction_needs_no_video_work(done, short_scene, tmp_path):
    videos, output = tmp_path / "videos", tmp_path / "out"
    shutil.copytree(short_scene, videos)
    shutil.copytree(done.output, output)
    several = next(one for one in done.tracks()["identities"] if len(one["tracklets"]) > 1)
    names = [f"{one['camera']}:{one['local_id']}" for one in several["tracklets"]]
    (videos / "corrections.toml").write_text(f"[[cannot_link]]\ntracklets = {json.dumps(names)}\n")
    again = run_job(videos, output, "--workers", "1", "--from", "associate", "--outputs", "json,mot")
    assert again.code == 0, again.text
    assert json.loads((output / "run.json").read_text())["cameras_reused"] == 3
    groups = [{f"{t['camera']}:{t['local_id']}" for t in one["tracklets"]} for one in again.tracks()["identities"]]
    assert all(len(group & set(names)) <= 1 for group in groups)
    both = f"[[must_link]]\ntracklets = {json.dumps(names)}\n[[cannot_link]]\ntracklets = {json.dumps(names)}\n"
    (videos / "corrections.toml").write_text(both)
    refused = run_job(videos, output, "--workers", "1", "--from", "associate")
    assert refused.code == 2 and "cannot be one person" in refused.text


def test_association_alone_needs_stored_tracklets(short_scene, tmp_path):
    outcome = run_job(short_scene, tmp_path / "out", "--from", "associate", "--workers", "1")
    assert outcome.code == 2 and "--from associate" in outcome.text and "Run once without --from" in outcome.text


def test_what_cameras_toml_says_of_names_and_clocks_needs_no_video_work(short_scene, tmp_path):
    videos, output = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    source = sorted(short_scene.glob("*.mp4"))[0]
    shutil.copy(source, videos)
    before = run_job(videos, output, "--outputs", "json").tracks()
    (videos / "cameras.toml").write_text(f"[cameras.{source.stem}]\nname = 'Door'\noffset_s = 0.1234567\n")
    stored = run_job(videos, output, "--outputs", "json", "--from", "associate")
    assert stored.code == 0, stored.text
    fresh = run_job(videos, tmp_path / "fresh", "--outputs", "json")
    assert (stored.output / "tracks.json").read_bytes() == (fresh.output / "tracks.json").read_bytes()
    after = stored.tracks()
    assert after["cameras"][0]["name"] == "Door"
    shift_s = np.subtract(after["tracklets"][0]["time_s"], before["tracklets"][0]["time_s"])
    np.testing.assert_allclose(shift_s, 0.123, atol=0.0011)
    times_s = next(iter(open_run(output).tracklets.values())).times_s
    np.testing.assert_allclose(times_s, after["tracklets"][0]["time_s"], atol=0.0006)


def test_videos_that_were_moved_are_drawn_from_where_they_lie_now(done, short_scene, tmp_path):
    videos, output = tmp_path / "moved", tmp_path / "out"
    shutil.copytree(short_scene, videos)
    shutil.copytree(done.output, output)
    source = sorted(videos.glob("*.mp4"))[0]
    for other in videos.glob("*.mp4"):
        if other != source:
            other.unlink()
    again = run_job(videos, output, "--from", "associate", "--outputs", "json,mot,video")
    assert again.code == 0, again.text
    record = json.loads((output / "run.json").read_text())
    assert [camera["source"] for camera in record["cameras"]] == [str(source.resolve())]
    for kind in ("mot", "annotated"):
        assert {path.stem for path in (output / kind).iterdir()} == {source.stem}, "of cameras that are gone"
