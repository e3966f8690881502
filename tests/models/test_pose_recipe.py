"""The pose network's recipe: crops and their labels, augmentation, what is taught, export and going on."""

import json

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InputError, WeightsError
from core.keypoints import MIRROR
from core.pose_crop import HEIGHT_PX, MAP_COLUMNS, MAP_ROWS, MAP_STRIDE, WIDTH_PX
from core.weights import open_card
from evaluation.keypoints import SIGMAS
from evaluation.reliability import VISIBLE
from models.detector.calibrate import NO_CHANGE
from models.pose import dataset, train
from models.pose import export as exporting
from models.pose.augmentation import HIDDEN, Augmentation, augmented
from models.pose.crops import Crops
from models.pose.export import export, fit_lines, trained
from models.pose.network import Inference, PoseNetwork
from models.pose.scores import oks, scores
from models.pose.train import losses, targets
from models.pose.weights import read_network, write_network

COLOURS = {joint: (40 + 12 * joint, 255 - 12 * joint, 255) for joint in (0, 9, 16)}


def write_frames(folder, count=3):
    """Frames of one person each: a grey box on black, with joints on it in colours of their own."""
    rng = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        frame = np.zeros((240, 320, 3), np.uint8)
        x, y = rng.integers(80, 150), rng.integers(30, 60)
        frame[y : y + 120, x : x + 50] = 90
        joints = np.zeros((17, 3))
        joints[:, 0], joints[:, 1] = x + rng.uniform(5, 45, 17), y + rng.uniform(5, 115, 17)
        joints[:, 2] = rng.integers(0, 3, 17)
        joints[list(COLOURS), 2] = VISIBLE
        for joint, colour in COLOURS.items():
            cv2.circle(frame, tuple(int(v) for v in joints[joint, :2].round()), 3, colour, -1)
        cv2.imwrite(str(folder / "images" / f"{number}.jpg"), frame, [cv2.IMWRITE_JPEG_QUALITY, 100])
        values = [(x + 25) / 320, (y + 60) / 240, 50 / 320, 120 / 240]
        for jx, jy, v in joints:
            values += [jx / 320, jy / 240, int(v)] if v else [0, 0, 0]
        (folder / "labels" / f"{number}.txt").write_text("0 " + " ".join(map(str, values)) + "\n")


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pose")
    write_frames(folder / "frames", 6)
    dataset.main(folder / "set", rendered=[folder / "frames"], real=None)
    return Crops(folder / "set")


def test_the_set_keeps_people_where_they_are(crops):
    assert len(crops) == 6
    assert crops.certain.all()
    for crop, joints in zip(crops.crops, crops.joints, strict=True):
        for joint, colour in COLOURS.items():
            x, y = joints[joint, :2].round().astype(int)
            np.testing.assert_allclose(crop[y, x].astype(int), colour, atol=90)


def test_small_people_and_those_without_joints_are_left_out(tmp_path):
    write_frames(tmp_path / "frames", 1)
    line = "0 0.5 0.5 0.05 0.1 " + " ".join(["0.5 0.5 2"] * 17)
    bare = "0 0.5 0.5 0.2 0.5 " + " ".join(["0 0 0"] * 17)
    (tmp_path / "frames" / "labels" / "0.txt").write_text(f"{line}\n{bare}\n")
    assert list(dataset.people(tmp_path / "frames", "")) == []
    with pytest.raises(InputError, match="expected pictures"):
        list(dataset.people(tmp_path, ""))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_joints_move_with_the_picture(crops, seed):
    """Whatever is done to a crop but its colours: a joint that is still in it and uncovered has its colour there."""
    rng = np.random.default_rng(seed)
    config = Augmentation(plain=0, turned=1, coarse=0, grey=0, camera=0, covered=0.5)
    row, other = rng.integers(0, 6, 2)
    black = np.zeros_like(crops.crops[other])
    picture, joints = augmented(crops.crops[row], crops.boxes[row], crops.joints[row], black, config, rng)
    assert picture.shape == (HEIGHT_PX, WIDTH_PX, 3)
    missing = [
        sum(not shows(picture, joints[candidate], COLOURS[joint]) for joint, candidate in places.items())
        for places in ({joint: joint for joint in COLOURS}, {joint: MIRROR[joint] for joint in COLOURS})
    ]
    assert min(missing) == 0


def shows(picture, joint, colour):
    """Whether the colour is where the joint is, or the joint is hidden or outside the picture."""
    x, y = joint[:2].round().astype(int)
    if joint[2] != VISIBLE or not (2 <= x < WIDTH_PX - 2 and 2 <= y < HEIGHT_PX - 2):
        return True
    near = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).astype(int)
    return (np.abs(near - colour).max(1) < 100).any()


def test_what_is_covered_is_hidden(crops):
    config = Augmentation(plain=0, turned=0, zoom=0, shift=0, part=0, coarse=0, grey=0, camera=0, covered=1)
    rng = np.random.default_rng(0)
    states = [
        augmented(crops.crops[0], crops.boxes[0], crops.joints[0], crops.crops[1], config, rng)[1][:, 2]
        for _ in range(30)
    ]
    before = crops.joints[0, :, 2]
    assert all((np.sort(state) <= np.sort(before)).all() for state in states)
    assert any((state == HIDDEN).sum() > (before == HIDDEN).sum() for state in states)


def test_a_plain_crop_is_what_the_pipeline_would_cut(crops):
    _, joints = augmented(
        crops.crops[0], crops.boxes[0], crops.joints[0], crops.crops[0], Augmentation(plain=1), np.random.default_rng(1)
    )
    _, mirrored = augmented(
        crops.crops[0], crops.boxes[0], crops.joints[0], crops.crops[0], Augmentation(plain=1), np.random.default_rng(4)
    )
    xs = [np.sort(found[:, 0]) for found in (joints, mirrored)]
    assert np.allclose(*xs) or np.allclose(xs[0], np.sort(WIDTH_PX - 1 - xs[1]), atol=1e-3)


def slow_losses(maps, visible, joints, certain):
    places, unsure = [], []
    for n in range(len(joints)):
        for j in range(17):
            x, y, v = joints[n, j]
            weights = np.zeros((MAP_ROWS, MAP_COLUMNS))
            for r in range(MAP_ROWS):
                for c in range(MAP_COLUMNS):
                    away = (c - ((x + 0.5) / MAP_STRIDE - 0.5)) ** 2 + (r - ((y + 0.5) / MAP_STRIDE - 0.5)) ** 2
                    weights[r, c] = np.exp(-away / (2 * train.SPREAD**2))
            inside = v > 0 and weights.sum() > train.LEAST_INSIDE
            if inside:
                logits = maps[n, j] - maps[n, j].max()
                logs = logits - np.log(np.exp(logits).sum())
                places.append(-(weights.ravel() * logs).sum() / weights.sum())
            if certain[n]:
                probability = 1 / (1 + np.exp(-visible[n, j]))
                unsure.append(-np.log(probability if v == VISIBLE and inside else 1 - probability))
    return np.mean(places), np.mean(unsure)


def test_losses_equal_a_loop():
    rng = np.random.default_rng(3)
    maps, visible = rng.normal(size=(3, 17, MAP_ROWS * MAP_COLUMNS)), rng.normal(size=(3, 17))
    joints = np.concatenate(
        [rng.uniform(-30, 130, (3, 17, 1)), rng.uniform(-30, 160, (3, 17, 1)), rng.integers(0, 3, (3, 17, 1))], 2
    )
    certain = np.array([True, False, True])
    got = losses(*(torch.from_numpy(a) for a in (maps, visible, joints, certain)))
    np.testing.assert_allclose([float(v) for v in got], slow_losses(maps, visible, joints, certain), rtol=1e-5)


def test_the_best_map_is_the_one_that_is_taught():
    joints = torch.tensor([[[40.0, 60.0, 2.0]] * 17])
    best = torch.log(targets(joints).clamp(min=1e-9))
    certain, visible = torch.tensor([True]), torch.full((1, 17), 20.0)
    least, unsure = losses(best, visible, joints, certain)
    assert float(unsure) < 1e-6
    assert float(least) == pytest.approx(np.log(2 * np.pi * np.e * train.SPREAD**2), abs=0.01)  # a Gaussian's entropy
    worse, _ = losses(best.roll(3, 2), visible, joints, certain)
    assert float(worse) > float(least) + 1


def test_oks_is_cocos():
    joints = np.zeros((1, 17, 3))
    joints[0, 5:7] = (50, 50, 2)
    places = joints[..., :2].copy()
    places[0, 5] += (3, 4)
    expected = (np.exp(-25 / (2 * 0.53 * 4000 * (2 * SIGMAS[5]) ** 2)) + 1) / 2
    np.testing.assert_allclose(oks(places, joints, np.array([4000.0])), [expected])


def test_training_goes_on_where_it_stopped_and_exports(crops, tmp_path, monkeypatch):
    folder = tmp_path / "set"
    folder.mkdir()
    np.save(folder / "crops.npy", crops.crops)
    np.savez(folder / "labels.npz", boxes_xyxy=crops.boxes, joints_xyv=crops.joints, certain=crops.certain)
    asked = {"data": folder, "validation": folder, "weights": None, "batch": 3, "learning_rate": 0.0005, "threads": 1,
             "epochs": 3, "seed": 2}  # fmt: skip
    train.main(output=tmp_path / "whole", **asked)

    class StoppedError(Exception):
        """A run that is killed."""

    calls = []

    def stop_in_the_third(network, scored):
        calls.append(1)
        if len(calls) == 3:
            raise StoppedError
        return {}

    with monkeypatch.context() as patch:
        patch.setattr(train, "scores", stop_in_the_third)
        with pytest.raises(StoppedError):
            train.main(output=tmp_path / "stopped", **asked)
    train.main(output=tmp_path / "stopped", **asked)
    whole, again = (trained(tmp_path / name / "last.pt").state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], again[name]) for name in whole)

    # A network that has learnt nothing yet asks for lines of any steepness, which magnify FP16's last bits.
    monkeypatch.setattr(exporting, "fit_lines", lambda network, crops: [NO_CHANGE] * 17)
    card = export(tmp_path / "whole" / "last.pt", tmp_path / "out", folder)
    opened = open_card(tmp_path / "out")
    assert set(opened.files) == {"pose.xml", "pose.bin", "pose.safetensors"}
    assert json.loads((tmp_path / "out" / "weights.json").read_text()) == card
    assert set(scores(trained(tmp_path / "out" / "pose.safetensors"), crops)) == {"OKS", "OKS>=0.5", "visible"}


class Oracle(torch.nn.Module):
    """Knows where joints are, but says of each that it shows with odds of 9 to 1, if it does, and of 2 to 1 if not."""

    def __init__(self, joints):
        super().__init__()
        self.joints = joints

    def forward(self, inputs):
        shows = self.joints[..., 2] == VISIBLE
        return torch.log(targets(self.joints).clamp(min=1e-9)), torch.where(shows, 2.2, 0.7)


def test_the_lines_bring_confidence_to_what_was_right(crops):
    _, joints, _ = crops.batch(np.arange(6), exporting.LIKE_FOUND, np.random.default_rng(0))
    lines = fit_lines(Oracle(joints), crops)
    assert len(lines) == 17
    for line in lines:
        assert line.scale * 2.2 + line.shift > 0 > line.scale * 0.7 + line.shift


def test_weights_come_back_and_others_are_refused(tmp_path):
    network = Inference(PoseNetwork(), torch.rand(17, 2)).eval()
    write_network(network, tmp_path / "a.safetensors")
    again = read_network(tmp_path / "a.safetensors")
    pictures = torch.randint(0, 256, (2, 3, HEIGHT_PX, WIDTH_PX)).float()
    with torch.inference_mode():
        for one, other in zip(network(pictures), again(pictures), strict=True):
            torch.testing.assert_close(one, other)
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match=r"b\.safetensors: expected weights that models\.pose\.export wrote"):
        read_network(tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match=r"c\.safetensors"):
        read_network(tmp_path / "c.safetensors")


def test_commands_have_help():
    import typer

    for main in (dataset.main, train.main):
        app = typer.Typer()
        app.command()(main)
        assert CliRunner().invoke(app, ["--help"]).exit_code == 0
