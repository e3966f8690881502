"""People on the floor from boxes of calibrated cameras."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InputError, SettingError, ShapeError, UsageError
from evaluation.ground import GroundPositions, ground_scores
from pipeline.__main__ import app
from pipeline.association.locate import CameraDetections, LocateConfig, locate, read_scene
from pipeline.association.locate.body import predicted_boxes, whole_views
from pipeline.association.locate.matching import claims, foot_m, without_duplicates
from pipeline.association.locate.stitching import Walk, stitch
from pipeline.association.locate.walker import Gaussian, View, newborn, predict, smooth, transition, update

FPS = 4.0
SIZE = (1920.0, 1080.0)
CONFIG = LocateConfig()
CMC = Path(__file__).parents[3] / "shared" / "data" / "cmc"


def projection(
    place_m: tuple[float, float], towards_m: tuple[float, float] = (0, 0), height_m: float = 3.0
) -> np.ndarray:
    """A camera that looks from a corner down to the middle of the room."""
    centre = np.array([*place_m, height_m])
    forward = np.array([*towards_m, 0.5]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    matrix = np.array([[900, 0, SIZE[0] / 2], [0, 900, SIZE[1] / 2], [0, 0, 1]])
    return matrix @ np.column_stack([rotation, -rotation @ centre])


CORNERS = {name: projection(place) for name, place in zip("abcd", [(-5, -5), (5, -5), (5, 5), (-5, 5)], strict=True)}


def walks(people: int, count: int) -> np.ndarray:
    """Everybody on a circle of their own around a place of their own: (people, count, 2) m."""
    turn = np.arange(count) / FPS * 0.6
    places = np.array([[-1.6, -1.2], [1.6, -1.2], [0.0, 1.5], [-1.7, 1.3]])[:people]
    circle = np.column_stack([np.cos(turn), np.sin(turn)]) * 0.7
    return places[:, None] + circle


def seen_by_all(
    paths_m: np.ndarray, rng: np.random.Generator, noise_px: float, misses: float = 0.1
) -> dict[str, CameraDetections]:
    heights = np.linspace(1.6, 1.8, len(paths_m))
    scene = {}
    for name, view in CORNERS.items():
        rows = []
        for frame in range(paths_m.shape[1]):
            boxes = predicted_boxes(view, paths_m[:, frame], heights, CONFIG.body_radius_m)
            boxes = boxes + rng.normal(0, noise_px, boxes.shape)
            rows += [[frame + 1, *box, 0.9] for box in boxes if rng.random() >= misses]
        table = np.array(rows).reshape(-1, 6)
        scene[name] = CameraDetections(view, table[:, 0], table[:, 1:5], table[:, 5])
    return scene


def truth_of(paths_m: np.ndarray) -> GroundPositions:
    people, count, _ = paths_m.shape
    return GroundPositions(
        np.tile(np.arange(1, count + 1), people), np.repeat(np.arange(people), count), paths_m.reshape(-1, 2)
    )


def test_everybody_is_found_where_they_are() -> None:
    paths = walks(4, 60)
    found = locate(seen_by_all(paths, np.random.default_rng(0), 6), FPS, CONFIG, SIZE)
    scores = ground_scores(truth_of(paths), GroundPositions(found.frames, found.identities, found.places_m))
    assert scores.idf1 > 0.97 and scores.found_identities == 4
    assert scores.median_error_m is not None and scores.median_error_m < 0.06


@pytest.mark.parametrize("cameras", [1, 2, 3])
def test_fewer_cameras_than_asked_for_are_enough(cameras: int) -> None:
    paths = walks(2, 60)
    scene = dict(list(seen_by_all(paths, np.random.default_rng(0), 3, misses=0).items())[:cameras])
    found = locate(scene, FPS, CONFIG, SIZE)
    scores = ground_scores(truth_of(paths), GroundPositions(found.frames, found.identities, found.places_m))
    assert scores.found_identities == 2
    assert scores.idf1 > 0.9


def test_nobody_is_found_without_boxes_and_in_clutter() -> None:
    empty = {name: CameraDetections(view, [], np.zeros((0, 4)), []) for name, view in CORNERS.items()}
    assert len(locate(empty, FPS)) == 0 and len(locate({}, FPS)) == 0
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 800, (80, 2))
    noise = {
        name: CameraDetections(
            view, np.arange(80), np.hstack([corner, corner + rng.uniform(5, 30, (80, 2))]), np.ones(80)
        )
        for name, view in CORNERS.items()
    }
    assert len(locate(noise, FPS, CONFIG, SIZE)) == 0


def test_a_walk_behind_a_pillar_stays_one_person() -> None:
    paths = walks(1, 60)
    scene = seen_by_all(paths, np.random.default_rng(1), 4, 0.0)
    hidden = {
        name: CameraDetections(one.projection, one.frames[keep], one.boxes_xyxy[keep], one.scores[keep])
        for name, one in scene.items()
        for keep in [(one.frames < 25) | (one.frames > 33)]
    }
    found = locate(hidden, FPS, CONFIG, SIZE)
    assert set(found.identities) == {1} and len(found) == 60


def test_the_result_does_not_depend_on_order() -> None:
    scene = seen_by_all(walks(3, 30), np.random.default_rng(2), 6)
    rng = np.random.default_rng(3)
    shuffled = {}
    for name in reversed(list(scene)):
        order = rng.permutation(len(scene[name]))
        one = scene[name]
        shuffled[name] = CameraDetections(one.projection, one.frames[order], one.boxes_xyxy[order], one.scores[order])
    a, b = locate(scene, FPS), locate({name: shuffled[name] for name in scene}, FPS)
    np.testing.assert_array_equal(a.identities, b.identities)
    np.testing.assert_allclose(a.places_m, b.places_m, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(1.5, 1.95), st.integers(0, 1000))
def test_boxes_of_two_cameras_fix_place_and_height(x: float, y: float, height: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    views = [
        View(
            CORNERS[name],
            predicted_boxes(CORNERS[name], np.array([[x, y]]), np.array([height]), CONFIG.body_radius_m)[0],
        )
        for name in "ab"
    ]
    start = newborn(np.array([x, y]) + rng.uniform(-0.5, 0.5, 2), CONFIG)
    found = update(start, views, CONFIG)
    # The prior pulls the height towards the usual one, and with it, slightly, the place.
    assert np.linalg.norm(found.mean[:2] - [x, y]) < 0.1
    assert abs(found.mean[4] - height) < 0.12
    assert (np.linalg.eigvalsh(found.covariance) > 0).all()


def test_a_box_is_the_hull_of_the_cylinder() -> None:
    """Against a plain loop over many points of the body."""
    view, place, height, radius = CORNERS["a"], np.array([0.4, -0.8]), 1.7, 0.25
    box = predicted_boxes(view, place[None], np.array([height]), radius)[0]
    pixels = []
    for turn in np.arange(0, 2 * np.pi, 2 * np.pi / 12):
        for z in (0.0, height):
            point = view @ np.array([place[0] + radius * np.cos(turn), place[1] + radius * np.sin(turn), z, 1])
            pixels.append(point[:2] / point[2])
    np.testing.assert_allclose(box, [*np.min(pixels, axis=0), *np.max(pixels, axis=0)])
    behind = predicted_boxes(view, np.array([[-9.0, -9.0]]), np.array([1.7]), radius)
    assert np.isnan(behind).all()
    assert whole_views(list(CORNERS.values()), SIZE, np.array([[0.0, 0], [-4.9, -4.9]]), 1.7, radius).tolist()[0] == 4


def test_a_foot_is_where_its_ray_meets_the_floor() -> None:
    point = CORNERS["b"] @ np.array([0.3, -1.2, 0, 1])
    u, v = point[:2] / point[2]
    np.testing.assert_allclose(foot_m(CORNERS["b"], np.array([u - 40, v - 300, u + 40, v])), [0.3, -1.2], atol=1e-9)


def test_smoothing_equals_the_joint_gaussian() -> None:
    """Rauch–Tung–Striebel against solving all states of a linear walk at once."""
    rng = np.random.default_rng(0)
    seconds, steps = 0.25, 6
    measure, noise = np.eye(2, 5), np.eye(2) * 0.01
    start = newborn(np.zeros(2), CONFIG)
    seen = rng.normal(0, 1, (steps, 2))
    filtered, predicted = [], []
    for step in range(steps):
        ahead = predict(filtered[-1], seconds, CONFIG) if step else start
        gain = ahead.covariance @ measure.T @ np.linalg.inv(measure @ ahead.covariance @ measure.T + noise)
        filtered.append(
            Gaussian(
                ahead.mean + gain @ (seen[step] - measure @ ahead.mean),
                ahead.covariance - gain @ measure @ ahead.covariance,
            )
        )
        predicted.append(ahead)
    information, pull = np.zeros((5 * steps, 5 * steps)), np.zeros(5 * steps)
    information[:5, :5] = np.linalg.inv(start.covariance)
    pull[:5] = information[:5, :5] @ start.mean
    move = transition(seconds)
    wander = np.linalg.inv(predict(Gaussian(np.zeros(5), np.zeros((5, 5))), seconds, CONFIG).covariance)
    for step in range(steps):
        here = slice(5 * step, 5 * step + 5)
        information[here, here] += measure.T @ np.linalg.inv(noise) @ measure
        pull[here] += measure.T @ np.linalg.inv(noise) @ seen[step]
        if step:
            both = slice(5 * step - 5, 5 * step + 5)
            difference = np.hstack([-move, np.eye(5)])
            information[both, both] += difference.T @ wander @ difference
    expected = np.linalg.solve(information, pull).reshape(steps, 5)
    np.testing.assert_allclose(smooth(filtered, predicted, [seconds] * steps)[:, :4], expected[:, :4], atol=1e-4)


def test_claims_are_one_to_one_and_gated() -> None:
    states = [update(newborn(place, CONFIG), [], CONFIG) for place in (np.array([0.0, 0]), np.array([0.2, 0]))]
    sure = [Gaussian(state.mean, np.eye(5) * 1e-3) for state in states]
    box = predicted_boxes(CORNERS["a"], np.array([[0.0, 0]]), np.array([CONFIG.body_height_m]), CONFIG.body_radius_m)
    assert sorted(claims(sure, CORNERS["a"], np.vstack([box, box + 900]), CONFIG)) == [-1, 0]
    assert claims(sure, CORNERS["a"], np.zeros((0, 4)), CONFIG) == [-1, -1]


def test_duplicates_go_and_the_best_stays() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60], [80, 80, 90, 90]])
    assert without_duplicates(boxes, np.array([0.85, 0.99, 0.9, 0.1]), CONFIG).tolist() == [1, 2]


def test_stitching_takes_the_nearest_and_fills_the_gap() -> None:
    still = np.zeros((2, 2))
    before = Walk(0, np.array([[0.0, 0], [0.1, 0]]), still)
    near, far = Walk(4, np.array([[0.4, 0]] * 2), still), Walk(4, np.array([[0.9, 0]] * 2), still)
    joined = stitch([before, far, near], FPS, CONFIG)
    assert [len(walk.places_m) for walk in joined] == [6, 2]
    np.testing.assert_allclose(joined[0].places_m[2:4, 0], [0.2, 0.3])
    assert len(stitch([before, Walk(90, still, still)], FPS, CONFIG)) == 2 and stitch([], FPS, CONFIG) == []


def written(folder: Path) -> Path:
    scene = seen_by_all(walks(2, 24), np.random.default_rng(0), 4)
    for name, one in scene.items():
        lines = [
            f"{f},-1,{x1},{y1},{x2 - x1},{y2 - y1},0.9"
            for f, (x1, y1, x2, y2) in zip(one.frames, one.boxes_xyxy, strict=True)
        ]
        (folder / f"{name}.det.txt").write_text("\n".join(lines) + "\n")
    views = {name: {"world_to_pixel_3x4": view.tolist()} for name, view in CORNERS.items()}
    (folder / "cameras.json").write_text(json.dumps(views))
    return folder


def test_the_command_writes_what_it_found(tmp_path: Path) -> None:
    folder, out = written(tmp_path), tmp_path / "out.csv"
    result = CliRunner().invoke(app, ["locate", str(folder), "--output", str(out), "--size", "1920x1080"])
    assert result.exit_code == 0, result.output
    lines = out.read_text().splitlines()
    assert lines[0] == "frame,identity,x_m,y_m" and len(lines) == 49
    assert {line.split(",")[1] for line in lines[1:]} == {"1", "2"}


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["--size", "big"], SettingError, "--size: expected WIDTHxHEIGHT"),
        (["--set", "locate.gaet=3"], SettingError, "did you mean 'gate'"),
        (["--set", "detect.score=3"], SettingError, "only the section 'locate'"),
        (["--set", "locate.gate=0"], SettingError, "gate: expected more than 0"),
        (["--cameras", "nowhere.json"], InputError, "nowhere.json: cannot be read"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str], error: type[Exception], says: str) -> None:
    command = ["locate", str(written(tmp_path)), "--output", str(tmp_path / "out.csv"), *arguments]
    with pytest.raises(error, match=says):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no <camera>\.det\.txt"):
        read_scene(tmp_path)
    folder = written(tmp_path)
    (folder / "e.det.txt").write_text("1,-1,0,0,5,5,1\n")
    with pytest.raises(InputError, match="has no camera 'e'"):
        read_scene(folder)
    (folder / "e.det.txt").unlink()
    (folder / "a.det.txt").write_text("1,-1,0,0,5,5,1\n1,-1,0,0,-5,5,1\n")
    with pytest.raises(InputError, match=r"a\.det\.txt, line 2: expected frame"):
        read_scene(folder)
    (folder / "a.det.txt").unlink()
    assert len(read_scene(folder)["a"]) == 0
    views = {name: {"world_to_pixel_3x4": np.zeros((3, 4)).tolist()} for name in CORNERS}
    (folder / "cameras.json").write_text(json.dumps(views))
    with pytest.raises(InputError, match=r"camera 'a': projection: .* singular"):
        read_scene(folder)
    (folder / "cameras.json").write_text("[1")
    with pytest.raises(InputError, match=r"cameras\.json: expected"):
        read_scene(folder)


def test_a_plane_upside_down_is_refused() -> None:
    upside = CORNERS["a"].copy()
    upside[:, 2] *= -1
    with pytest.raises(ShapeError, match="below the floor"):
        CameraDetections(upside, [], np.zeros((0, 4)), [])
    negated = CameraDetections(-CORNERS["a"], [], np.zeros((0, 4)), [])
    np.testing.assert_allclose(negated.projection, CORNERS["a"])
    with pytest.raises(UsageError, match="--fps"):
        locate({}, 0)


@pytest.mark.skipif(not CMC.is_dir(), reason="../shared/data/cmc is not there")
@pytest.mark.parametrize(("room", "idf1"), [("CMC1", 0.9), ("CMC2", 0.75)])
def test_real_rooms(room: str, idf1: float) -> None:
    from evaluation.ground import read_positions

    found = locate(read_scene(CMC / room), FPS)
    scores = ground_scores(
        read_positions(CMC / room / "gt3d.csv"), GroundPositions(found.frames, found.identities, found.places_m)
    )
    assert scores.idf1 >= idf1 and scores.median_error_m is not None and scores.median_error_m <= 0.25
