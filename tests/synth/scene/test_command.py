import hashlib
import tomllib
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import orjson
import pytest

from core.errors import OutputError, UsageError
from synth.output import check_space, whole_folder
from synth.render import project
from synth.scene.command import parse_size, render_scene
from synth.scene.film import film
from synth.scene.rigs import RigConfig
from synth.scene.truth import Seen
from synth.scene.world import SceneConfig, World, build_world

CONFIG = SceneConfig(
    cameras=2,
    people=3,
    seconds=1.2,
    seed=3,
    size=(160, 90),
    supersample=1,
    rigs=RigConfig(frame_rates=(5.0, 10.0), offset_s=(0.3, 0.6)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("scene") / "out"
    render_scene(CONFIG, output)
    return output


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(CONFIG)


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def truth(folder: Path) -> dict:
    return orjson.loads((folder / "truth" / "truth.json").read_bytes())


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    render_scene(CONFIG, tmp_path / "again")
    assert digest(folder) == digest(tmp_path / "again")
    assert set(digest(folder)) == {
        "cam01.mp4", "cam02.mp4", "cameras.toml", "truth/cam01.txt", "truth/cam02.txt", "truth/truth.json",
    }  # fmt: skip


def test_videos_have_the_rates_and_lengths_asked_for(folder: Path, world: World) -> None:
    for rig in world.rigs:
        with av.open(str(folder / f"{rig.id}.mp4")) as video:
            times = [float(frame.time) for frame in video.decode(video=0)]
            assert (video.streams.video[0].width, video.streams.video[0].height) == CONFIG.size
        assert times[0] == 0
        assert np.allclose(np.diff(times), 1 / rig.fps, atol=1e-3)
        assert len(times) == round(CONFIG.seconds * rig.fps)
        frames = truth(folder)["cameras"][rig.id]["frames"]
        assert [f["time_s"] for f in frames] == pytest.approx([rig.offset_s + t for t in times], abs=1e-3)


def test_cameras_toml_is_the_calibration_of_the_truth(folder: Path, world: World) -> None:
    cameras = tomllib.loads((folder / "cameras.toml").read_text())["cameras"]
    assert list(cameras) == [rig.id for rig in world.rigs]
    for rig in world.rigs:
        given = cameras[rig.id]
        assert given["offset_s"] == rig.offset_s
        assert given["calibration"] == truth(folder)["cameras"][rig.id]["calibration"]
        read = replace(
            rig.camera,
            matrix=np.array(given["calibration"]["matrix"]),
            rotation=np.array(given["calibration"]["rotation"]),
            translation_m=np.array(given["calibration"]["translation_m"]),
            distortion=tuple(given["calibration"]["distortion"]),
        )
        points = np.array([[3.0, 3.0, 0.0], [5.0, 4.0, 1.7], [2.0, 6.0, 1.0]])
        assert np.allclose(project(read, points)[0], project(rig.camera, points)[0], atol=1e-3, equal_nan=True)


def test_joints_and_visibility_in_the_file_are_those_of_the_world(folder: Path, world: World) -> None:
    checked = 0
    for rig in world.rigs:
        for frame in truth(folder)["cameras"][rig.id]["frames"]:
            for person in frame["people"]:
                stance = world.motions[person["id"] - 1].stance(frame["time_s"])
                assert stance is not None
                expected, depth = project(rig.camera, world.people[person["id"] - 1].joints(stance))
                got = np.array(person["keypoints"])
                near = depth > 0.5
                assert np.abs(got[near, :2] - expected[near]).max(initial=0) < 0.02
                assert person["ground_m"] == pytest.approx(list(stance.position_m), abs=1e-3)
                checked += 1
    assert checked > 5


def test_visible_pixels_of_a_shot_are_counted_in_its_id_picture(world: World) -> None:
    shot = next(film(world, world.rigs[0], CONFIG))
    assert shot.observations
    for seen in shot.observations:
        own = shot.rendering.object_ids == seen.truth.number
        assert (seen.truth.visibility > 0) == own.any()
        if own.any():
            rows, columns = np.nonzero(own)
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert seen.truth.visible_xyxy.tolist() == box
        for (x, y), state in zip(seen.truth.joints_px, seen.truth.joints_seen, strict=True):
            assert (state == Seen.OUTSIDE) == (not (0 <= x < 160 and 0 <= y < 90))


def test_mot_text_lists_the_people_of_the_truth(folder: Path) -> None:
    for camera, record in truth(folder)["cameras"].items():
        rows = [line.split(",") for line in (folder / "truth" / f"{camera}.txt").read_text().splitlines()]
        expected = {
            (frame["frame"] + 1, person["id"]): str(int(person["visibility"] >= CONFIG.truth_visibility))
            for frame in record["frames"]
            for person in frame["people"]
            if in_picture(person["full_xyxy"])
        }
        assert {(int(row[0]), int(row[1])): row[6] for row in rows} == expected
        for row in rows:
            left, top, width, height = (float(value) for value in row[2:6])
            assert left >= 0
            assert top >= 0
            assert left + width <= 160.02
            assert top + height <= 90.02
            assert row[7] == "1"


def in_picture(box_xyxy: list[float]) -> bool:
    left, top, right, bottom = np.clip(box_xyxy, 0, [160, 90, 160, 90])
    return bool(right > left and bottom > top)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"people": 0}, "--people: expected 1 to 99, got 0"),
        ({"cameras": 0}, "--cameras"),
        ({"seconds": 0.0}, "--seconds"),
        ({"uniforms": 4}, "--uniforms"),
        ({"size": (161, 90)}, "--size"),
        ({"seed": -1}, "--seed"),
        ({"rigs": RigConfig(frame_rates=())}, "--fps"),
    ],
)
def test_wishes_without_sense_are_refused(wish: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(CONFIG, **wish)


def test_sizes_are_read_or_refused() -> None:
    assert parse_size("640x360") == (640, 360)
    with pytest.raises(UsageError, match="WIDTHxHEIGHT"):
        parse_size("640")


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="new or empty folder"):
        render_scene(CONFIG, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(OutputError, match="cannot write"):
        render_scene(CONFIG, tmp_path / "mine.txt" / "below")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_after_a_failure_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out") as staging:
        (staging / "half.mp4").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the disk has"):
        check_space(tmp_path / "new" / "deep", 1e18)
    check_space(tmp_path, 1000)
