from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import OutputError, UsageError
from synth.frames import command
from synth.frames.labels import label_box, label_line
from synth.frames.picture import FramesConfig, _is_one_of, make_picture
from synth.frames.stage import StageConfig, draw_stage
from synth.render import project
from synth.scene.textures import Textures
from synth.scene.truth import PersonTruth, Seen

CONFIG = FramesConfig(seed=1, size=(160, 90))


def a_truth() -> PersonTruth:
    seen = np.full(17, Seen.VISIBLE, dtype=np.int64)
    seen[[1, 2, 3]] = Seen.HIDDEN, Seen.OWN_BODY, Seen.OUTSIDE
    joints = np.column_stack([np.linspace(12, 28, 17), np.linspace(20, 60, 17)])
    return PersonTruth(1, np.array([10.0, 10, 30, 110]), np.array([10.0, 10, 30, 50]), 0.4, joints, seen)


def test_labels_are_relative_and_coded_as_coco_does() -> None:
    fields = label_line(a_truth(), (200, 100)).split()
    assert len(fields) == 5 + 17 * 3
    assert fields[0] == "0"
    box = label_box(a_truth(), (200, 100))
    assert box.tolist() == [10, 10, 30, 65]  # from 50 to 100, the lower border, 30 % of the way
    assert [float(v) for v in fields[1:5]] == pytest.approx([0.1, 0.375, 0.1, 0.55], abs=1e-6)
    assert [int(v) for v in fields[7::3]][:5] == [2, 1, 1, 0, 2]
    assert fields[14:17] == ["0", "0", "0"]
    assert [float(v) for v in fields[5:7]] == pytest.approx([0.06, 0.2], abs=1e-6)


def test_stages_have_people_inside_the_picture_and_not_inside_each_other() -> None:
    counts = []
    for seed in range(40):
        stage = draw_stage(np.random.default_rng(seed), (640, 360), Textures(), StageConfig())
        spots = np.array([stance.position_m for stance in stage.stances]).reshape(-1, 2)
        gaps = [np.hypot(*(a - b)) for k, a in enumerate(spots) for b in spots[:k]]
        assert min(gaps, default=1.0) >= 0.5
        if len(spots):
            pixels, depth = project(stage.camera, np.column_stack([spots, np.full(len(spots), 0.9)]))
            assert (depth > 0).all()
            assert (pixels[:, 0] > -200).all()
        counts.append(len(spots))
    assert min(counts) <= 1
    assert max(counts) >= 8


def test_as_many_exercise_as_asked_for() -> None:
    config = StageConfig(exercise=0.4)
    stages = [draw_stage(np.random.default_rng(seed), (640, 360), Textures(), config) for seed in range(40)]
    actions = [stance.action for stage in stages for stance in stage.stances]
    assert 0.3 < np.mean([action == "exercise" for action in actions]) < 0.5


def test_cameras_hang_as_askew_as_asked_for() -> None:
    def rolls_deg(roll_deg: float) -> np.ndarray:
        config = StageConfig(roll_deg=roll_deg)
        cameras = [draw_stage(np.random.default_rng(seed), (64, 36), Textures(), config).camera for seed in range(40)]
        return np.array([np.rad2deg(np.arcsin(camera.rotation[0, 2])) for camera in cameras])  # the horizon's slope

    straight, askew = rolls_deg(0.0), rolls_deg(24.0)
    assert np.allclose(straight, 0, atol=1e-6)
    assert 6 < np.std(askew) < 18


def test_so_many_of_a_cast_wear_no_shirt_as_asked_for() -> None:
    for share, wanted in ((0.0, 0), (0.25, 6), (0.5, 12), (1.0, 24)):
        assert sum(_is_one_of(member, round(24 * share)) for member in range(24)) == wanted


def test_a_picture_depends_on_its_number_alone() -> None:
    data, lines = make_picture(CONFIG, 4, Textures())
    make_picture(CONFIG, 2, Textures())
    again, lines_again = make_picture(CONFIG, 4, Textures())
    assert data == again
    assert lines == lines_again
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (90, 160, 3)


def test_labels_of_a_picture_lie_in_it() -> None:
    found = 0
    for number in range(3):
        for line in make_picture(CONFIG, number, Textures())[1]:
            values = np.array([float(v) for v in line.split()])
            cx, cy, width, height = values[1:5]
            assert cx - width / 2 + 1e-5 >= 0
            assert cx + width / 2 <= 1 + 1e-5
            assert cy - height / 2 + 1e-5 >= 0
            assert cy + height / 2 <= 1 + 1e-5
            joints = values[5:].reshape(17, 3)
            assert ((joints[:, :2] >= 0) & (joints[:, :2] <= 1)).all()
            found += 1
    assert found


def test_a_killed_run_goes_on_and_makes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def fake(config: FramesConfig, number: int, textures: Textures) -> tuple[bytes, list[str]]:
        if number == 2 and 2 not in made:
            made.append(2)
            raise KeyboardInterrupt
        made.append(number)
        return f"picture {number}".encode(), [f"label {number}"]

    monkeypatch.setattr(command, "make_picture", fake)
    with pytest.raises(KeyboardInterrupt):
        command.render_frames(CONFIG, tmp_path / "out", 4, Textures())
    command.render_frames(CONFIG, tmp_path / "out", 4, Textures())
    assert made == [0, 1, 2, 2, 3]
    assert (tmp_path / "out" / "labels" / "000003.txt").read_text() == "label 3\n"
    assert sorted(p.name for p in (tmp_path / "out" / "images").iterdir()) == [f"00000{k}.jpg" for k in range(4)]
    with pytest.raises(OutputError, match="other settings"):
        command.render_frames(FramesConfig(seed=2), tmp_path / "out", 4, Textures())


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--count: expected at least 1, got 0"):
        command.frames(tmp_path / "out", count=0)
    with pytest.raises(UsageError, match="--workers"):
        command.frames(tmp_path / "out", count=1, workers=0)
    with pytest.raises(UsageError, match="--exercise: expected 0 to 1"):
        command.frames(tmp_path / "out", count=1, exercise=1.5)
    with pytest.raises(UsageError, match="--roll: expected 0 to 90"):
        command.frames(tmp_path / "out", count=1, roll=-1.0)
    with pytest.raises(UsageError, match="--bare: expected 0 to 1"):
        command.frames(tmp_path / "out", count=1, bare=2.0)
    with pytest.raises(UsageError, match="--smallest: expected from 1 to less than 400"):
        command.frames(tmp_path / "out", count=1, smallest=500.0)
    for size in ("0x0", "63x64", "64x3841"):
        with pytest.raises(UsageError, match=f"--size: expected sides of 64 to 3840 px, got {size}"):
            command.frames(tmp_path / "out", count=1, size=size)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(OutputError, match="choose another --output"):
        command.render_frames(CONFIG, tmp_path / "mine", 1, Textures())
    with pytest.raises(OutputError, match="cannot write"):
        command.render_frames(CONFIG, tmp_path / "mine" / "file" / "below", 1, Textures())
