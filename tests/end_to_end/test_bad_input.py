"""Mistakes on purpose: the good cameras finish, the message names camera, file and remedy, the exit code fits."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import CameraError
from pipeline import command, tasks
from tests.support.run import run_job
from tests.support.videos import pictures, turn_header, write_sound_only, write_video

ROOT = Path(__file__).resolve().parents[2]
FAST = ("--outputs", "json,mot")


@pytest.fixture
def good(tmp_path) -> Path:
    """A folder with one good, empty camera."""
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "good.mp4", pictures(5))
    return folder


def cameras_of(outcome) -> dict[str, dict]:
    return {camera["id"]: camera for camera in outcome.tracks()["cameras"]}


@pytest.mark.parametrize("make", [lambda f: None, Path.mkdir, lambda f: (f.mkdir(), (f / "notes.txt").write_text("x"))])
def test_no_usable_folder(tmp_path, make):
    folder = tmp_path / "missing"
    make(folder)
    outcome = run_job(folder, tmp_path / "out")
    assert outcome.code == 3
    assert str(folder) in outcome.text
    assert not outcome.output.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder(good, tmp_path):
    good.chmod(0)
    outcome = run_job(good, tmp_path / "out")
    good.chmod(0o755)
    assert outcome.code == 3


def broken_files(folder: Path) -> dict[str, str]:
    """Broken cameras by id, each with what the message must say."""
    (folder / "text.mp4").write_text("not a video " * 100)
    (folder / "empty.mkv").write_bytes(b"")
    write_sound_only(folder / "sound.mp4")
    whole = write_video(folder / "cut.mkv", pictures(40, seed=2)).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[:300])
    return {"text": "text.mp4", "empty": "0 bytes", "sound": "only audio", "cut": "cut.mkv"}


def test_broken_cameras_are_named_and_the_good_one_finishes(good, tmp_path):
    expected = broken_files(good)
    outcome = run_job(good, tmp_path / "out", *FAST)
    assert outcome.code == 4
    cameras = cameras_of(outcome)
    assert cameras["good"]["frames"] == 5
    assert cameras["good"]["error"] is None
    for camera, words in expected.items():
        assert words in cameras[camera]["error"], camera
        assert words in outcome.text, camera


def test_nothing_but_broken_cameras(tmp_path):
    (tmp_path / "videos").mkdir()
    broken_files(tmp_path / "videos")
    outcome = run_job(tmp_path / "videos", tmp_path / "out", *FAST)
    assert outcome.code == 3
    assert "none of the cameras could be read" in outcome.text


def test_a_file_damaged_in_the_middle_keeps_its_beginning(good, tmp_path):
    path = write_video(good / "damaged.ts", pictures(60, seed=3), codec="mpeg4")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    outcome = run_job(good, tmp_path / "out", *FAST)
    assert outcome.code in {0, 4}  # a transport stream may be cut anywhere without anyone being able to tell
    assert 0 < cameras_of(outcome)["damaged"]["frames"] < 60


def test_what_may_be_wrong_is_a_warning_also_of_a_dry_run(good, tmp_path):
    path = write_video(good / "cut.mkv", pictures(60, seed=2))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    (good / "hall").mkdir()
    write_video(good / "hall" / "monday.mp4", pictures(3))
    outcome = run_job(good, tmp_path / "out", *FAST)
    assert outcome.code == 0, outcome.text
    assert "warning: hall was left out" in outcome.text
    assert "warning: camera 'cut': cut.mkv: the header promises 60 frames" in outcome.text
    again = run_job(good, tmp_path / "out", *FAST, "--from", "associate")
    assert "warning: camera 'cut': cut.mkv: the header promises 60 frames" in again.text
    assert "warning: hall was left out" in run_job(good, tmp_path / "out", "--dry-run").text


def test_a_dry_run_says_which_lengths_it_does_not_know(good, tmp_path):
    write_video(good / "live.mkv", pictures(20), live=True)
    outcome = run_job(good, tmp_path / "out", "--dry-run")
    assert re.search(r"live │ 160×96 │ \S+ │ unknown │ unknown", outcome.text)
    assert "about 5 frames, and those of 1 that do not say how long they are, to look at" in outcome.text
    assert "minutes" not in outcome.text


def test_what_nobody_foresaw_stops_one_camera_and_leaves_its_trace(good, tmp_path, monkeypatch, caplog):
    from pipeline.video import decode

    write_video(good / "odd.mp4", pictures(8, 64, 64))
    real = decode.to_bgr

    def to_bgr(frame):
        if frame.width == 64 and frame.pts:
            raise IndexError("of the decoder")
        return real(frame)

    monkeypatch.setattr(decode, "to_bgr", to_bgr)
    outcome = run_job(good, tmp_path / "out", *FAST, "--workers", "1")
    assert outcome.code == 4, outcome.text
    cameras = cameras_of(outcome)
    assert (cameras["good"]["frames"], cameras["good"]["error"]) == (5, None)
    assert cameras["odd"]["frames"] == 1
    assert "frame 1: odd.mp4 cannot be read (IndexError: of the decoder)" in cameras["odd"]["error"]
    assert "in to_bgr" in caplog.text


def test_odd_formats_are_read(good, tmp_path):
    write_video(good / "odd.mkv", pictures(3, 161, 97), codec="ffv1", pixel_format="yuv444p")
    write_video(good / "grey.mkv", pictures(3), codec="ffv1", pixel_format="gray")
    write_video(good / "deep.mp4", pictures(3), pixel_format="yuv420p10le")
    turn_header(write_video(good / "turned.mov", pictures(3)), 90)
    outcome = run_job(good, tmp_path / "out", "--outputs", "json,video")
    assert outcome.code == 0, outcome.text
    cameras = cameras_of(outcome)
    assert (cameras["odd"]["width"], cameras["odd"]["height"]) == (161, 97)
    assert (cameras["turned"]["width"], cameras["turned"]["height"]) == (96, 160)
    assert {path.stem for path in (outcome.output / "annotated").iterdir()} == set(cameras)


def test_a_video_without_people_gives_empty_tracks_and_no_error(good, tmp_path):
    write_video(good / "black.mp4", [np.zeros((96, 160, 3), np.uint8)] * 4)
    outcome = run_job(good, tmp_path / "out")
    assert outcome.code == 0
    assert outcome.tracks()["identities"] == []
    assert (outcome.output / "mot" / "black.txt").read_text() == ""


def test_two_files_of_one_stem(good, tmp_path):
    write_video(good / "good.mkv", pictures(3))
    outcome = run_job(good, tmp_path / "out")
    assert outcome.code == 3
    assert "'good.mkv' and 'good.mp4'" in outcome.text


def test_names_with_spaces_quotes_unicode_and_markup(tmp_path):
    folder = tmp_path / "vid eos"
    folder.mkdir()
    names = ["front door", 'it\'s "ours"', "Küche 厨房", "<script>alert(1)<script>", "[red]tag[/red]".replace("/", "")]
    for name in names:
        write_video(folder / f"{name}.mp4", pictures(3))
    outcome = run_job(folder, tmp_path / "o u t")
    assert outcome.code == 0, outcome.text
    assert {camera["id"] for camera in outcome.tracks()["cameras"]} == set(names)
    assert {path.stem for path in (outcome.output / "annotated").iterdir()} == set(names)


class TestOutputFolder:
    def test_finished_runs_are_not_overwritten_unasked(self, good, tmp_path):
        assert run_job(good, tmp_path / "out", *FAST).code == 0
        refused = run_job(good, tmp_path / "out", *FAST)
        assert refused.code == 2
        assert "--overwrite" in refused.text
        assert run_job(good, tmp_path / "out", *FAST, "--overwrite").code == 0

    def test_a_folder_of_something_else_is_left_alone(self, good, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.doc").write_text("x")
        assert run_job(good, tmp_path / "out", *FAST).code == 2
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.doc"]

    def test_the_input_folder(self, good):
        outcome = run_job(good, good, "--overwrite")
        assert outcome.code == 2
        assert "folder of the videos" in outcome.text

    def test_a_file(self, good, tmp_path):
        (tmp_path / "out").write_text("x")
        assert run_job(good, tmp_path / "out").code == 2

    def test_videos_that_an_earlier_run_has_drawn(self, good, tmp_path):
        assert run_job(good, tmp_path / "out", "--outputs", "video").code == 0
        drawn = tmp_path / "out" / "annotated"
        before = (drawn / "good.mp4").read_bytes()
        outcome = run_job(drawn, tmp_path / "out", "--overwrite")
        assert outcome.code == 2
        assert "stay untouched" in outcome.text
        assert (drawn / "good.mp4").read_bytes() == before

    def test_association_alone_without_stored_tracklets_changes_nothing(self, good, tmp_path):
        assert run_job(good, tmp_path / "out", *FAST).code == 0
        before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
        refused = run_job(good, tmp_path / "out", "--from", "associate", "--set", "detect.score=0.4")
        assert refused.code == 2
        assert "must be the same" in refused.text
        assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
        assert run_job(good, tmp_path / "nowhere", "--from", "associate").code == 2
        assert not (tmp_path / "nowhere").exists()

    def test_not_writable(self, good, tmp_path):
        outcome = run_job(good, Path("/proc/throughline"))
        assert outcome.code == 3
        assert "cannot be written" in outcome.text

    def test_full_disk(self, good, tmp_path, monkeypatch):
        from pipeline import output_folder

        usage = shutil.disk_usage(tmp_path)._replace(free=1000)
        monkeypatch.setattr(output_folder.shutil, "disk_usage", lambda _: usage)
        outcome = run_job(good, tmp_path / "out")
        assert outcome.code == 3
        assert "free" in outcome.text

    def test_disk_that_fills_up_while_writing(self, good, tmp_path):
        """/dev/full takes no byte: link the work folder's file there by limiting file size instead."""
        command = f"ulimit -f 1; exec {sys.executable} run_pipeline.py --videos '{good}' --output '{tmp_path / 'out'}'"
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
        )
        assert done.returncode == 3, done.stdout + done.stderr
        assert "error:" in done.stderr
        left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert left == [], "a half-written file was left"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "detect.scor=0.5"), "did you mean 'score'"),
        (("--set", "detekt.score=0.5"), "did you mean 'detect'"),
        (("--set", "detect.score=high"), "expected float"),
        (("--set", "detect=1"), "is a section"),
        (("--set", "nonsense"), "section.key=value"),
        (("--tracker", "bytetrak"), "did you mean 'bytetrack'"),
        (("--device", "tpu"), "expected one of"),
        (("--outputs", "json,movie"), "'movie'"),
        (("--stride", "0"), "expected 1 or more"),
    ],
)
def test_wrong_usage(good, tmp_path, arguments, words):
    outcome = run_job(good, tmp_path / "out", *arguments)
    assert outcome.code == 2
    assert words in outcome.text
    assert not outcome.output.exists()


class TestWeights:
    def test_missing(self, good, tmp_path):
        outcome = run_job(good, tmp_path / "out", "--detector", "nets/none.onnx")
        assert outcome.code == 3
        assert "no such file" in outcome.text
        assert "bundled" in outcome.text

    @pytest.mark.parametrize("name", ["net.onnx", "net.pt", "net.xml"])
    def test_corrupt(self, good, tmp_path, name):
        (tmp_path / name).write_bytes(b"\x00nothing" * 100)
        (tmp_path / "net.bin").write_bytes(b"x")
        outcome = run_job(good, tmp_path / "out", "--detector", str(tmp_path / name))
        assert outcome.code == 3, outcome.text
        assert name in outcome.text
        assert "bundled" in outcome.text

    def test_wrong_task(self, good, tmp_path):
        import onnx
        from onnx import TensorProto, helper

        shape = [1, 3, 32, 32]
        node = helper.make_node("GlobalAveragePool", ["x"], ["y"])
        graph = helper.make_graph(
            [node],
            "classifier",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 1, 1])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        onnx.save(model, tmp_path / "net.onnx")
        outcome = run_job(good, tmp_path / "out", "--detector", str(tmp_path / "net.onnx"))
        assert outcome.code == 3
        assert "not a detector of people" in outcome.text

    def test_reid_missing(self, good, tmp_path):
        outcome = run_job(good, tmp_path / "out", "--reid", str(tmp_path / "none"))
        assert outcome.code == 3

    def test_a_checkpoint_by_name_without_a_network(self, good, tmp_path):
        outcome = run_job(good, tmp_path / "out", "--detector", "yolo26n-pose")
        assert outcome.code == 3
        for word in ("yolo26n-pose.pt", "put it at", "bundled"):
            assert word in outcome.text


def test_a_camera_that_cannot_be_drawn(good, tmp_path, monkeypatch):
    """Its old video, in which people have their old numbers, does not stay either."""
    write_video(good / "other.mp4", pictures(5))
    assert run_job(good, tmp_path / "out").code == 0
    draw = tasks.annotate_camera

    def fails_for_good(camera, *arguments):
        if camera.id == "good":
            raise CameraError("good", "cannot be drawn")
        return draw(camera, *arguments)

    monkeypatch.setattr(tasks, "annotate_camera", fails_for_good)
    outcome = run_job(good, tmp_path / "out", "--overwrite")
    assert outcome.code == 4
    assert "error: no annotated video: camera 'good': cannot be drawn" in outcome.text
    assert [path.name for path in (outcome.output / "annotated").iterdir()] == ["other.mp4"]
    assert "cannot be drawn" in (outcome.output / "run.json").read_text()


def test_a_name_that_fills_a_file_name_has_its_tracks_kept(tmp_path):
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / f"{'n' * 251}.mp4", pictures(3))
    assert run_job(tmp_path / "videos", tmp_path / "out").code == 0
    assert len(list((tmp_path / "out" / "work").glob("n*.npz"))) == 1


def test_being_asked_to_end_is_as_good_as_ctrl_c(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(command, "app", lambda **_: signal.raise_signal(signal.SIGTERM))
    try:
        with pytest.raises(KeyboardInterrupt):
            command.entry()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_leaves_no_half_file_and_the_same_command_goes_on(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "a.mp4", pictures(3))
    write_video(folder / "b.mp4", pictures(600, 640, 352))
    output = tmp_path / "out"
    command = [sys.executable, "run_pipeline.py", "--videos", str(folder), "--output", str(output), *FAST]
    process = subprocess.Popen(
        [*command, "--set", "run.cameras_at_once=1"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell's background jobs ignore Ctrl-C, and so would what they start: these tests may be one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  # takes no lock
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(output.glob("work/a.*.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "goes on" in errors
    assert [path.name for path in output.rglob("*") if path.is_file()] == [next(output.glob("work/a.*")).name]
