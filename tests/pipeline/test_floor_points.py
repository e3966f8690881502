"""Cameras from clicked marks: exact where clicks are, near where they are not, and plain words where nothing fits."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShapeError
from pipeline.calibration import Calibration
from pipeline.floor_marks import Marks
from pipeline.floor_points import FloorFit, fit_floor
from pipeline.pinhole import PinholeConfig, fit_pinhole, focal_of_homography

SIZE_PX = (1280, 720)
QUAD = np.array([[0.08, 0.95], [0.9, 0.92], [0.72, 0.0], [0.3, 0.0]])  # of the picture; 0 is where `marks` says
EIGHT = np.concatenate([QUAD, [[0.5, 0.95], [0.8, 0.5], [0.15, 0.6], [0.5, 0.3]]])


def focal_px(view_deg: float) -> float:
    return SIZE_PX[0] / 2 / np.tan(np.radians(view_deg / 2))


def camera(
    height_m: float = 3.0, down_deg: float = 30, view_deg: float = 65, pan: float = 0.4, roll: float = 0.0
) -> Calibration:
    """A camera over (2, −1) m that looks down by so much."""
    down = np.radians(down_deg)
    forward = np.array([np.sin(pan) * np.cos(down), np.cos(pan) * np.cos(down), -np.sin(down)])
    right = np.array([np.cos(pan), -np.sin(pan), 0])
    level = np.stack([right, np.cross(forward, right), forward])
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation = turn @ level
    focal = focal_px(view_deg)
    matrix = np.array([[focal, 0, SIZE_PX[0] / 2], [0, focal, SIZE_PX[1] / 2], [0, 0, 1]])
    return Calibration(matrix, np.zeros(2), rotation, -rotation @ [2, -1, height_m])


def marks(truth: Calibration, where: np.ndarray = QUAD) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and floor of marks that lie 10° below the horizon or more, and in the lower nine tenths of the picture."""
    down = np.arcsin(-truth.rotation[2, 2])
    top = max(0.1, 0.5 + truth.matrix[0, 0] * np.tan(np.radians(10) - down) / SIZE_PX[1])
    clicked = np.column_stack([where[:, 0], top + where[:, 1] * (1 - top)]) * SIZE_PX
    return clicked, truth.to_floor(clicked)


def inside(points_px: np.ndarray, count: int = 60) -> np.ndarray:
    """Pixels in the hull of points."""
    weight = np.random.default_rng(0).dirichlet(np.ones(len(points_px)), count)
    return weight @ points_px


def off_floor_m(truth: Calibration, fit: FloorFit, clicked: np.ndarray) -> float:
    pixels = inside(clicked)
    return float(np.linalg.norm(fit.calibration.to_floor(pixels) - truth.to_floor(pixels), axis=1).max())


@settings(max_examples=40, deadline=None)
@given(
    st.floats(2, 8), st.floats(15, 65), st.floats(40, 100), st.floats(-3, 3), st.floats(-0.15, 0.15),
    st.sampled_from([QUAD, EIGHT]),
)  # fmt: skip
def test_exact_clicks_give_the_camera_back(
    height_m: float, down_deg: float, view_deg: float, pan: float, roll: float, where: np.ndarray
) -> None:
    truth = camera(height_m, down_deg, view_deg, pan, roll)
    clicked, measured = marks(truth, where)
    fit = fit_floor(Marks(clicked, measured, SIZE_PX))
    assert off_floor_m(truth, fit, clicked) < 0.01
    assert fit.calibration.matrix[0, 0] == pytest.approx(truth.matrix[0, 0], rel=0.01)
    assert fit.calibration.matrix[1, 1] == fit.calibration.matrix[0, 0]
    np.testing.assert_allclose(fit.calibration.centre_m, truth.centre_m, atol=0.02 * height_m)
    assert fit.off_px.shape == (len(where),) and fit.off_px.max() < 0.5
    assert fit.notes == ()


@pytest.mark.parametrize(("where", "share"), [(QUAD, 0.006), (EIGHT, 0.0025)])
def test_clicks_a_pixel_off_move_the_floor_by_little(where: np.ndarray, share: float) -> None:
    """Between the marks by at most 0.6 % of the way to the farthest of four, 0.25 % of eight."""
    rng = np.random.default_rng(0)
    for down_deg in (20, 30, 50):
        truth = camera(down_deg=down_deg)
        clicked, measured = marks(truth, where)
        farthest_m = float(np.linalg.norm(measured - truth.centre_m[:2], axis=1).max())
        for _ in range(10):
            fit = fit_floor(Marks(clicked + rng.normal(0, 1, clicked.shape), measured, SIZE_PX))
            assert off_floor_m(truth, fit, clicked) < share * farthest_m
            assert fit.notes == ()


@pytest.mark.parametrize("view_deg", [50, 65, 80])
def test_straight_down_places_are_right_and_the_usual_lens_is_taken(view_deg: float) -> None:
    truth = camera(4, 90, view_deg)
    clicked = QUAD * 0.8 * SIZE_PX + 40
    fit = fit_floor(Marks(clicked, truth.to_floor(clicked), SIZE_PX))
    assert off_floor_m(truth, fit, clicked) < 0.01
    usual = focal_px(PinholeConfig().view_deg)
    assert fit.calibration.matrix[0, 0] == pytest.approx(usual, rel=0.02)
    assert fit.calibration.centre_m == pytest.approx([2, -1, 4 * usual / truth.matrix[0, 0]], rel=0.02)
    assert [note for note in fit.notes if "how wide the camera sees" in note and "65°" in note] == list(fit.notes) != []


def test_nearly_straight_down_and_badly_clicked() -> None:
    """The clicks alone would give any focal length; the usual one holds it."""
    rng = np.random.default_rng(3)
    truth = camera(4, 86)
    clicked = QUAD * 0.8 * SIZE_PX + 40
    for _ in range(10):
        fit = fit_floor(Marks(clicked + rng.normal(0, 2, (4, 2)), truth.to_floor(clicked), SIZE_PX))
        assert fit.calibration.matrix[0, 0] == pytest.approx(truth.matrix[0, 0], rel=0.3)
        assert off_floor_m(truth, fit, clicked) < 0.05


def test_far_from_the_origin_of_the_world() -> None:
    truth = camera()
    clicked, measured = marks(truth)
    corner_m = np.array([500_000, 5_400_000])
    fit = fit_floor(Marks(clicked, measured + corner_m, SIZE_PX))
    moved = fit.calibration.to_floor(clicked) - corner_m
    np.testing.assert_allclose(moved, measured, atol=1e-3)


@given(st.floats(0.2, 1.3), st.floats(0.3, 3), st.floats(-3, 3))
def test_focal_length_of_a_homography(down: float, focal: float, pan: float) -> None:
    truth = camera(down_deg=np.degrees(down), pan=pan)
    plane = np.column_stack([truth.rotation[:, :2], truth.translation_m])
    homography = np.diag([focal, focal, 1]) @ plane * -7
    assert focal_of_homography(homography) == pytest.approx(focal, rel=1e-6)
    homography[0, 0] += 0.05  # no camera's; the answer must not depend on how the floor's axes are turned
    turn = np.array([[np.cos(pan), -np.sin(pan), 0], [np.sin(pan), np.cos(pan), 0], [0, 0, 1]])
    told = focal_of_homography(homography)
    assert focal_of_homography(homography @ turn) == (None if told is None else pytest.approx(told, rel=1e-6))


def test_homographies_that_tell_no_focal_length() -> None:
    assert focal_of_homography(np.diag([2.0, -2, 1])) is None  # straight down
    assert focal_of_homography(np.array([[1.0, 0, 0], [0, 2, 0], [0, 0.5, 1]])) is None  # negative
    assert focal_of_homography(np.array([[1.0, 0, 0], [0, 2, 0], [0, 1e-170, 1]])) is None


@pytest.mark.parametrize(
    ("px", "m", "says"),
    [
        ([[0, 0]] * 3, [[0, 0]] * 3, "points_px and points_m: expected at least 4 marks, got 3"),
        ([], [], "points_px and points_m: expected at least 4 marks, got 0"),
        ([[0, 0]] * 5, [[0, 0]] * 4, "points_px and points_m: expected the same marks .* got 5 and 4"),
        ([[1, 1, 1]] * 4, [[0, 0]] * 4, r"points_px: expected shape \(any, 2\)"),
        ([[1, 1], [9, 1], [9, 9], [1, np.nan]], [[0, 0], [1, 0], [1, 1], [0, 1]], "points_px: expected finite"),
        ([[1, 1], [9, 1], [9, 9], [1, 9]], [[0, 0], [1, 0], [1, np.inf], [0, 1]], "points_m: expected finite"),
        ([[1, 1], [1300, 1], [9, 9], [1, 9]], [[0, 0], [1, 0], [1, 1], [0, 1]],
         r"points_px: mark 2, \[1300, 1\] px for \[1, 0\] m, is outside the picture of 1280 × 720 px; .*size_px"),
        ([[1, 1], [9, 1], [9, 9], [1, -8]], [[0, 0], [1, 0], [1, 1], [0, 1]], "points_px: mark 4, .* is outside"),
        ([[1, 1], [9, 1], [9, 9], [9, 9.5]], [[0, 0], [1, 0], [1, 1], [0, 1]],
         r"points_px: marks 3 and 4 are one, \[9, 9\] and \[9, 9.5\]"),
        ([[1, 1], [9, 1], [9, 9], [1, 9]], [[0, 0], [1, 0], [1, 1], [1, 0]], "points_m: marks 2 and 4 are one"),
        ([[1, 1], [200, 101], [401, 200], [601, 300]], [[0, 0], [1, 0], [1, 1], [0, 1]], "points_px: all marks, or"),
        ([[1, 1], [200, 101], [401, 200], [1, 300]], [[0, 0], [1, 0], [1, 1], [0, 1]], "points_px: all marks, or"),
        ([[1, 1], [9, 1], [9, 9], [1, 9]], [[0, 0], [1, 0], [2, 0], [0, 1]], "points_m: all marks, or all but one"),
    ],
)  # fmt: skip
def test_marks_that_say_nothing(px: list[list[float]], m: list[list[float]], says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        Marks(np.array(px, float), np.array(m, float), SIZE_PX)


def test_marks_on_the_very_edge_of_the_picture_are_in_it() -> None:
    Marks(np.array([[0, 0], [1280, 0], [1288, 720], [-5, 723]]), np.array([[0, 1], [1, 1], [1, 0], [0, 0]]), SIZE_PX)


@pytest.mark.parametrize("where", [QUAD, EIGHT])
@pytest.mark.parametrize("down_deg", [20, 60])
def test_a_mirrored_floor_is_named(where: np.ndarray, down_deg: float) -> None:
    """The same pairs are what a camera below the floor would see."""
    clicked, measured = marks(camera(down_deg=down_deg), where)
    for axis in ([1, -1], [-1, 1]):
        with pytest.raises(ShapeError, match=r"points_m: the marks fit only a mirrored.*from below.*negate"):
            fit_floor(Marks(clicked, measured * axis, SIZE_PX))


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [0, 2, 1, 3], [3, 1, 2, 0]])
def test_lists_in_different_orders(order: list[int]) -> None:
    clicked, measured = marks(camera())
    with pytest.raises(ShapeError, match=r"points_px and points_m: .* in one order"):
        fit_floor(Marks(clicked, measured[order], SIZE_PX))


def test_more_marks_in_different_orders() -> None:
    clicked, measured = marks(camera(), EIGHT)
    with pytest.raises(
        ShapeError, match=r"expected at most 22; mark \d, .* px from where the others put it.* one order"
    ):
        fit_floor(Marks(clicked, measured[[0, 1, 2, 3, 6, 5, 4, 7]], SIZE_PX))


def test_no_camera_above_the_floor_sees_it_mirrored() -> None:
    clicked, measured = marks(camera(), EIGHT)
    assert fit_pinhole(clicked, measured, SIZE_PX) is not None
    assert fit_pinhole(clicked, measured * [1, -1], SIZE_PX) is None


@pytest.mark.parametrize("order", [[0, 3, 2, 1], [3, 0, 1, 2]])
def test_a_wrong_order_is_not_called_mirrored(order: list[int]) -> None:
    """A mirrored floor does not fit these either, though a camera sees it."""
    clicked, measured = marks(camera())
    assert fit_pinhole(clicked, measured[order] * [1, -1], SIZE_PX) is not None
    with pytest.raises(ShapeError, match=r"points_px and points_m: .* in one order"):
        fit_floor(Marks(clicked, measured[order], SIZE_PX))


def test_points_on_a_line_are_no_camera() -> None:
    line = np.arange(8.0).reshape(4, 2)
    assert fit_pinhole(line, line, SIZE_PX) is None


def test_centimetres() -> None:
    clicked, measured = marks(camera())
    with pytest.raises(ShapeError, match=r"points_m: the camera would be 300 m above the floor.*centimetres by 100"):
        fit_floor(Marks(clicked, measured * 100, SIZE_PX))


@pytest.mark.parametrize("row", range(6))
def test_the_wrong_mark_is_named(row: int) -> None:
    """Not the one farthest from the fit, which a wrong mark draws to itself."""
    clicked, measured = marks(camera(), EIGHT[:6])
    clicked[row] += [-32, -24]
    fit = fit_floor(Marks(clicked, measured, SIZE_PX))
    (note,) = fit.notes
    assert f"px; mark {row + 1}, [{clicked[row, 0]:g}, " in note
    assert "is 40.0 px from where the others put it" in note


def test_of_four_marks_the_farthest_is_named() -> None:
    clicked, measured = marks(camera())
    clicked[1] += [-60, -15]
    fit = fit_floor(Marks(clicked, measured, SIZE_PX))
    (note,) = fit.notes
    assert f"px; mark {fit.off_px.argmax() + 1}, " in note and f"fits worst, {fit.off_px.max():.1f} px off." in note


def test_one_of_five_without_which_the_others_are_on_a_line() -> None:
    """Three corners of a room in one line, and two marks: leaving one of those out leaves nothing to fit."""
    truth = camera()
    clicked = np.array([[100, 700], [640, 690], [1180, 680], [400, 300], [900, 420]], float)
    measured = truth.to_floor(clicked)
    clicked[1, 1] -= 20
    with pytest.raises(ShapeError, match="all but one"):
        Marks(clicked, measured, SIZE_PX).without(3)
    (note,) = fit_floor(Marks(clicked, measured, SIZE_PX)).notes
    assert "from where the others put it" in note


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 720)] * 2, *[st.integers(-4, 4)] * 2), min_size=4, max_size=6))
def test_any_pairs_give_a_camera_or_say_why_not(pairs: list[tuple[int, int, int, int]]) -> None:
    table = np.array(pairs, float)
    try:
        given_marks = Marks(table[:, :2], table[:, 2:], SIZE_PX)
        fit = fit_floor(given_marks)
    except ShapeError as error:
        assert str(error).startswith("points_")
        return
    seen_px = fit.calibration.to_image(np.column_stack([table[:, 2:], np.zeros(len(table))]))
    np.testing.assert_allclose(np.linalg.norm(seen_px - table[:, :2], axis=1), fit.off_px, atol=1e-6)
    assert np.sqrt((fit.off_px**2).sum() / (2 * len(table) - 7)) <= 0.015 * np.hypot(*SIZE_PX)
    assert 0 < fit.calibration.centre_m[2] <= 100


def total(calibration: Calibration, clicked: np.ndarray, measured: np.ndarray) -> float:
    """What is minimised, written out: clicks are 2 px off, the focal length is so far from the usual one."""
    seen_px = calibration.to_image(np.column_stack([measured, np.zeros(len(measured))]))
    return float((((seen_px - clicked) / 2) ** 2).sum() + (np.log(calibration.matrix[0, 0] / focal_px(65)) / 0.35) ** 2)


def test_no_camera_nearby_fits_better() -> None:
    rng = np.random.default_rng(1)
    clicked, measured = marks(camera(), EIGHT)
    clicked = clicked + rng.normal(0, 3, clicked.shape)
    fit = fit_pinhole(clicked, measured, SIZE_PX)
    assert fit is not None
    best = total(fit.calibration, clicked, measured)
    for _ in range(200):
        matrix, shift = fit.calibration.matrix.copy(), fit.calibration.translation_m + rng.normal(0, 1e-3, 3)
        matrix[[0, 1], [0, 1]] *= 1 + rng.normal(0, 1e-3)
        x, y, z = rng.normal(0, 1e-3, 3)
        turn = np.linalg.qr(np.array([[1, -z, y], [z, 1, -x], [-y, x, 1]]))[0]
        turn *= np.sign(np.diag(turn))
        moved = Calibration(matrix, np.zeros(2), turn @ fit.calibration.rotation, shift)
        assert total(moved, clicked, measured) > best


@pytest.mark.parametrize(
    ("view_deg", "down_deg", "low", "high", "off_px", "seed"),
    [
        (50, 45, (0.42, 0.44), (0.58, 0.72), 2, 1),  # close together: two poses look alike
        (120, 40, (0.19, 0.24), (0.81, 0.93), 2, 2),  # a very wide view: the usual lens is far off
        (10, 45, (0.05, 0.05), (0.95, 0.95), 1, 2),  # a very narrow one
    ],
)
def test_the_true_camera_never_fits_better(
    view_deg: float, down_deg: float, low: tuple[float, float], high: tuple[float, float], off_px: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    truth = camera(height_m=15, down_deg=down_deg, view_deg=view_deg)
    for _ in range(40):
        clicked = rng.uniform(low, high, (4, 2)) * SIZE_PX
        measured = truth.to_floor(clicked)
        clicked = clicked + rng.normal(0, off_px, clicked.shape)
        try:
            Marks(clicked, measured, SIZE_PX)
        except ShapeError:
            continue
        fit = fit_pinhole(clicked, measured, SIZE_PX)
        assert fit is not None
        assert total(fit.calibration, clicked, measured) <= total(truth, clicked, measured) * (1 + 1e-6)


@pytest.mark.parametrize("document", ["README.md", "docs/association.md"])
def test_the_marks_that_documents_show_are_a_floor(document: str) -> None:
    text = (Path(__file__).parents[2] / document).read_text(encoding="utf-8")
    points_px, points_m = (
        tomllib.loads(re.findall(rf"^ *({name} *= .*?)(?: *#.*)?$", text, re.MULTILINE)[0])[name]
        for name in ("points_px", "points_m")
    )
    found = fit_floor(Marks(np.array(points_px, float), np.array(points_m, float), (1280, 720)))
    assert not found.notes
    assert found.calibration.centre_m[2] == pytest.approx(2.8, abs=0.2)
