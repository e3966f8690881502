"""Calibrated cameras: feet, floor, and two places at once."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ShapeError
from core.types import Appearance, Tracklet, TrackletKey
from pipeline.association import AssociateConfig, associate
from pipeline.association.floor import floor_evidence, floor_paths
from pipeline.association.standing import foot_points_px, standing_points
from pipeline.calibration import Calibration
from tests.association.worlds import cameras, cosine, descriptors

HEIGHT_M = 1.75


def looking_at_origin(position_m: tuple[float, float, float], k1: float = -0.1) -> Calibration:
    centre = np.array(position_m)
    forward = -centre / np.linalg.norm(centre)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return Calibration(
        np.array([[500, 0, 320], [0, 500, 240], [0, 0, 1]]), np.array([k1, 0.01]), rotation, -rotation @ centre
    )


CALIBRATIONS = {
    "a": looking_at_origin((6, 0, 3)),
    "b": looking_at_origin((0, 7, 2.5)),
    "c": looking_at_origin((-5, -4, 3)),
}


def walker(camera: str, local_id: int, path_m: np.ndarray, start_s: float = 0.0, skip: int = 1) -> Tracklet:
    """A person walking along path_m (T, 2), ten positions a second, as `camera` sees them."""
    calibration = CALIBRATIONS[camera]
    feet = calibration.to_image(np.column_stack([path_m, np.zeros(len(path_m))]))
    head = calibration.to_image(np.column_stack([path_m, np.full(len(path_m), HEIGHT_M)]))
    half = (feet[:, 1] - head[:, 1]) / 6
    boxes = np.column_stack([feet[:, 0] - half, head[:, 1], feet[:, 0] + half, feet[:, 1]])[::skip]
    frames = np.arange(len(path_m))[::skip]
    ones = np.ones(len(frames))
    return Tracklet(TrackletKey(camera, local_id), frames, start_s + frames / 10, boxes, ones, ones * 0)


def line(start: tuple[float, float], end: tuple[float, float], count: int = 40) -> np.ndarray:
    return np.linspace(start, end, count)


def test_projection_there_and_back() -> None:
    rng = np.random.default_rng(0)
    floor_m = rng.uniform(-2, 2, (50, 2))
    for calibration in CALIBRATIONS.values():
        pixels = calibration.to_image(np.column_stack([floor_m, np.zeros(50)]))
        np.testing.assert_allclose(calibration.to_floor(pixels), floor_m, atol=1e-3)
        assert np.isnan(calibration.to_floor(np.array([[320.0, -2000.0]]))).all()
        pixels = calibration.to_image(np.column_stack([floor_m, np.full(50, 1.7)]))
        np.testing.assert_allclose(calibration.to_floor(pixels, 1.7), floor_m, atol=1e-3)
        assert np.isnan(calibration.to_image(calibration.centre_m[None] * 2)).all()
        assert calibration.to_floor(np.zeros((0, 2))).shape == calibration.to_image(np.zeros((0, 3))).shape == (0, 2)


def test_projection_equals_the_formula() -> None:
    """Brown's radial model written out."""
    calibration = CALIBRATIONS["a"]
    point = np.array([0.5, -1.0, 1.2])
    x, y, z = calibration.rotation @ point + calibration.translation_m
    x, y = x / z, y / z
    r2 = x * x + y * y
    bend = 1 - 0.1 * r2 + 0.01 * r2 * r2
    expected = [500 * x * bend + 320, 500 * y * bend + 240]
    np.testing.assert_allclose(calibration.to_image(point[None])[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("matrix", np.zeros((3, 3)), "singular"),
        ("matrix", np.eye(4), r"matrix: expected shape \(3, 3\)"),
        ("matrix", np.array([[500, 0, 1], [0, -500, 1], [0, 0, 1]]), "matrix: expected"),
        ("rotation", np.eye(3) * 2, "orthonormal"),
        ("rotation", np.diag([1.0, 1, -1]), "reflection"),
        ("translation_m", np.array([0.0, 0, 1]), "below the floor"),
        ("distortion", np.array([np.nan, 0]), "distortion"),
    ],
)
def test_calibrations_that_cannot_be(name: str, value: np.ndarray, says: str) -> None:
    good = {"matrix": np.eye(3), "distortion": np.zeros(2), "rotation": np.diag([1.0, -1, -1])}
    values = good | {"translation_m": np.array([0.0, 0, 3])} | {name: value}
    if name == "translation_m":
        values["rotation"] = np.eye(3)
    with pytest.raises(ShapeError, match=says):
        Calibration(**values)


def test_feet_from_ankles_else_box_else_nothing() -> None:
    keypoints = np.zeros((3, 17, 3))
    keypoints[0, 15] = (110, 190, 0.9)
    keypoints[0, 16] = (120, 194, 0.9)
    keypoints[1, 15] = (110, 190, 0.9)  # from the side one leg hides the other
    boxes = np.array([[100, 100, 150, 200], [100, 100, 150, 200], [100, 380, 150, 480]])
    one = Tracklet(TrackletKey("a", 1), [0, 1, 2], [0, 0.1, 0.2], boxes, np.ones(3), np.zeros(3), keypoints)
    feet, ankles_seen = foot_points_px(one, 480)
    assert ankles_seen.tolist() == [True, True, False]
    np.testing.assert_allclose(feet[0], [115, 196])
    np.testing.assert_allclose(feet[1], [110, 194])
    assert np.isnan(feet[2]).all()


def test_who_hides_their_feet_stands_below_their_head() -> None:
    path = line((-2, -1), (2, 1))
    whole = walker("a", 1, path)
    config, calibration = AssociateConfig(), CALIBRATIONS["a"]
    clear, clear_sigma = standing_points(whole, 480, calibration, config)
    np.testing.assert_allclose(clear, path, atol=1e-3)
    boxes = whole.boxes_xyxy.copy()
    boxes[:, 3] -= 0.45 * (boxes[:, 3] - boxes[:, 1])  # behind a table
    hidden = replace(whole, boxes_xyxy=boxes)
    behind, _ = standing_points(hidden, 480, calibration, replace(config, body_sigma_m=50.0))  # feet alone
    below, sigma = standing_points(hidden, 480, calibration, config)
    assert np.linalg.norm(behind - path, axis=1).min() > 1.5
    assert np.linalg.norm(below - path, axis=1).max() < 0.5
    assert (sigma > clear_sigma).all()
    keypoints = np.zeros((len(path), 17, 3), np.float32)
    feet_px = calibration.to_image(np.column_stack([path, np.zeros(len(path))]))
    keypoints[:, 15:, :2], keypoints[:, 15:, 2] = feet_px[:, None], 0.9
    small, _ = standing_points(replace(hidden, keypoints_xyc=keypoints), 480, calibration, config)
    assert np.linalg.norm(small - path, axis=1).max() < 0.5  # ankles in view are believed, however short the box


def test_who_sits_in_profile_is_where_the_one_ankle_is() -> None:
    """The head of who sits is lower than anybody's who stands: below it, 1.7 m lower, is a place metres away."""
    path = line((-2, -1), (2, 1))
    whole = walker("a", 1, path)
    boxes = whole.boxes_xyxy.copy()
    boxes[:, 1] += 0.3 * (boxes[:, 3] - boxes[:, 1])
    ankle = np.zeros((len(whole), 17, 3))
    ankle[:, 15] = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3], np.full(len(whole), 0.7)])
    unseen, _ = standing_points(replace(whole, boxes_xyxy=boxes), 720, CALIBRATIONS["a"], AssociateConfig())
    seated = replace(whole, boxes_xyxy=boxes, keypoints_xyc=ankle)
    points, _ = standing_points(seated, 720, CALIBRATIONS["a"], AssociateConfig())
    assert np.linalg.norm(points - path, axis=1).max() < 0.5
    assert np.linalg.norm(unseen - path, axis=1).max() > 1.0


def test_a_box_cut_off_by_the_picture_stands_below_its_head() -> None:
    whole = walker("a", 1, line((-2, -1), (2, 1)))
    edge = int(whole.boxes_xyxy[:, 3].min())
    boxes = whole.boxes_xyxy.copy()
    boxes[:, 3] = edge
    points, sigma = standing_points(replace(whole, boxes_xyxy=boxes), edge, CALIBRATIONS["a"], AssociateConfig())
    assert np.isfinite(points).all() and np.isfinite(sigma).all()
    np.testing.assert_allclose(points, line((-2, -1), (2, 1)), atol=0.5)


def test_close_is_for_and_far_is_decisive() -> None:
    path = line((-1, -1), (1, 1))
    one, same = walker("a", 1, path), walker("b", 1, path, skip=2)
    beside, far = walker("b", 2, path + np.array([0.9, 0])), walker("b", 3, path + np.array([-3, 1.5]))
    later = walker("b", 4, path, start_s=100)
    config = AssociateConfig()
    everybody = [one, same, beside, far, later]
    paths = floor_paths(everybody, cameras("a", "b"), CALIBRATIONS, config)
    nats, apart = floor_evidence(paths, everybody, config)
    said = nats.of(np.zeros(5, int), np.arange(5))
    assert said[1] > 4
    assert said[2] < said[1] - 2
    assert said[3] < -5 and said[4] == 0
    assert list(zip(*apart.pairs(), strict=True)) == [(0, 3)]
    assert (nats.of(np.full(3, 1), np.arange(2, 5)) == 0).all()  # one camera
    np.testing.assert_array_equal(nats.of(np.arange(5), np.zeros(5, int)), said)


def test_floor_evidence_needs_calibrations_and_tracklets() -> None:
    one = walker("a", 1, line((-1, -1), (1, 1)))
    both = [one, walker("b", 1, line((-1, -1), (1, 1)))]
    for tracklets, calibrations in ((both, {}), ([], CALIBRATIONS)):
        paths = floor_paths(tracklets, cameras("a", "b"), calibrations, AssociateConfig())
        nats, apart = floor_evidence(paths, tracklets, AssociateConfig())
        assert len(nats.pairs) == len(apart) == 0


def test_people_in_uniform_are_told_apart_by_where_they_are() -> None:
    """Everybody looks the same; only the floor knows."""
    paths = [line((-1.5, -1), (1, -1)), line((1, 1), (-1, 1.2)), line((1.2, -0.2), (1.4, 0.5))]
    tracklets = [walker(camera, 5 - row, path) for camera in "ab" for row, path in enumerate(paths)]
    looks = {one.key: Appearance(one.key, [0], descriptors(np.ones((1, 4)))) for one in tracklets}
    identities = associate(tracklets, looks, cameras("a", "b"), calibrations=CALIBRATIONS, looks=cosine)
    assert sorted(sorted(key.local_id for key in one.tracklets) for one in identities) == [[3, 3], [4, 4], [5, 5]]
