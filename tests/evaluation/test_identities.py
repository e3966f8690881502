"""Cross-camera identity scores: against trackeval on the concatenation, against loops, and by hand."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InputError, ShapeError, UsageError
from evaluation.identities import CameraBoxes, _frames, cross_camera_idf1, read_boxes, trackeval_data
from evaluation.identities_command import identities

HERE = 100.0  # width of a box; boxes of one place overlap, boxes of two places do not


def boxes(rows: list[tuple[int, int, float]], ignored: list[bool] | None = None) -> CameraBoxes:
    """Rows of (frame, id, place): a place is 200 px from the next one."""
    table = np.array(rows, float).reshape(-1, 3)
    left = table[:, 2] * 200
    xyxy = np.column_stack([left, np.zeros(len(left)), left + HERE, np.full(len(left), 200.0)])
    return CameraBoxes(table[:, 0], table[:, 1], xyxy, ignored or [False] * len(rows))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, CameraBoxes], dict[str, CameraBoxes]]:
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    cameras = [f"c{number}" for number in range(draw(st.integers(1, 3)))]

    def one(people: int) -> CameraBoxes:
        rows = [
            (frame, person, rng.integers(4) + rng.choice([0, 0.1, 0.17]))
            for frame in range(int(rng.integers(0, 5)))
            for person in range(people)
            if rng.random() < 0.7
        ]
        return boxes(rows, [bool(rng.random() < 0.15) for _ in rows])

    truth = {camera: one(4) for camera in cameras}
    found = {camera: one(5) for camera in cameras if rng.random() < 0.9}
    return truth, found


def test_perfect_is_one() -> None:
    truth = {"a": boxes([(1, 1, 0), (1, 2, 1), (2, 1, 0)]), "b": boxes([(1, 1, 3), (1, 2, 2)])}
    scores = cross_camera_idf1(truth, truth)
    assert (scores.idf1, scores.idp, scores.idr, scores.pair_f1) == (1, 1, 1, 1)
    assert scores.hota == pytest.approx(1)


def test_one_map_for_all_cameras() -> None:
    """Perfect within each camera, but the two people change names from one camera to the other."""
    truth = {"a": boxes([(1, 1, 0), (1, 2, 1)]), "b": boxes([(1, 1, 0), (1, 2, 1)])}
    found = {"a": boxes([(1, 7, 0), (1, 8, 1)]), "b": boxes([(1, 8, 0), (1, 7, 1)])}
    scores = cross_camera_idf1(truth, found)
    assert scores.idf1 == 0.5
    assert scores.pair_precision == scores.pair_recall == 0


def test_without_boxes_nothing_breaks() -> None:
    nothing = {"a": CameraBoxes.empty()}
    some = {"a": boxes([(1, 1, 0)])}
    assert cross_camera_idf1({}, {}).idf1 == 0
    assert cross_camera_idf1(nothing, nothing).idf1 == 0
    assert cross_camera_idf1(some, nothing).idr == 0
    assert cross_camera_idf1(nothing, some).idp == 0
    assert cross_camera_idf1(some, {}).true_boxes == 1


def test_ignored_people_are_neither_required_nor_wrong() -> None:
    truth = {"a": boxes([(1, 1, 0), (1, 2, 1), (1, 3, 2)], [False, True, True])}
    both = cross_camera_idf1(truth, {"a": boxes([(1, 5, 0), (1, 6, 1)])})
    assert both.idf1 == 1 and both.true_boxes == both.found_boxes == 1
    clutter = cross_camera_idf1(truth, {"a": boxes([(1, 5, 0), (1, 6, 3)])})
    assert clutter.found_boxes == 2 and clutter.idp == 0.5


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_equals_trackeval(world: tuple[dict[str, CameraBoxes], dict[str, CameraBoxes]]) -> None:
    metrics = pytest.importorskip("trackeval.metrics")
    truth, found = world
    scores = cross_camera_idf1(truth, found)
    frames, true_ids, found_ids = _frames(truth, found)
    data = trackeval_data(frames, len(true_ids), len(found_ids))
    theirs = metrics.Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    for ours, name in ((scores.idf1, "IDF1"), (scores.idp, "IDP"), (scores.idr, "IDR")):
        assert ours == pytest.approx(theirs[name])


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_equals_a_slow_search_over_all_maps(world: tuple[dict[str, CameraBoxes], dict[str, CameraBoxes]]) -> None:
    """IDF1 by its definition: every one-to-one map is tried; pairs are counted one by one."""
    truth, found = world
    frames, true_ids, found_ids = _frames(truth, found)
    hits: dict[tuple[int, int], int] = {}
    for frame in frames:
        for row, column in np.argwhere(frame.overlap >= 0.5):
            key = (int(frame.true[row]), int(frame.found[column]))
            hits[key] = hits.get(key, 0) + 1
    names = [*range(len(found_ids)), *([-1] * len(true_ids))]
    best = max(
        sum(hits.get((true, name), 0) for true, name in enumerate(choice))
        for choice in itertools.permutations(names, len(true_ids))
    )
    scores = cross_camera_idf1(truth, found)
    total = scores.true_boxes + scores.found_boxes
    assert scores.idf1 == pytest.approx(2 * best / total if total else 0)


def test_pairs_by_loop() -> None:
    """Three people in three cameras, two frames each; some share a name in some cameras."""
    people = [(camera, frame, person) for camera in "abc" for frame in (1, 2) for person in range(3)]
    name_in = {"a": [0, 1, 2], "b": [1, 0, 2], "c": [0, 2, 1]}
    truth, found = {}, {}
    for camera in "abc":
        here = [key for key in people if key[0] == camera]
        truth[camera] = boxes([(frame, person, person) for _, frame, person in here])
        found[camera] = boxes([(frame, name_in[camera][person], person) for _, frame, person in here])
    pairs = [(one, two) for one, two in itertools.combinations(people, 2) if one[0] != two[0]]
    same_found = [(one, two) for one, two in pairs if name_in[one[0]][one[2]] == name_in[two[0]][two[2]]]
    same_true = [(one, two) for one, two in pairs if one[2] == two[2]]
    right = [pair for pair in same_found if pair in same_true]
    scores = cross_camera_idf1(truth, found)
    assert 0 < len(right) < len(same_true)
    assert scores.pair_precision == pytest.approx(len(right) / len(same_found))
    assert scores.pair_recall == pytest.approx(len(right) / len(same_true))


def test_an_identity_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(ShapeError, match="identity 4 is 2 times in frame 9"):
        boxes([(9, 4, 0), (9, 4, 1)])


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        "1,5,10,20,30,40,1,1,0.2\n2,5,10,20,30,40,1,1,0.3\n\n3,5,1,2,3,4,0,1,1\n4,5,1,2,3,4,1,3,1\n5,5,1,2,3,4\n"
    )
    true = read_boxes(path, 0.25, truth=True)
    assert true.ignored.tolist() == [True, False, True, True, False]
    assert true.boxes_xyxy[0].tolist() == [10, 20, 40, 60]
    path.write_text("1,5,10,20,30,40,0.9,-1,-1,-1\n")
    assert not read_boxes(path).ignored.any()
    path.write_text("")
    assert len(read_boxes(path)) == 0


def test_our_own_text_may_be_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1,5,10,20,30,40,0.900,-1,-1,-1\n2,5,10,20,30,40,0.000,-1,-1,-1\n")
    assert not read_boxes(path, 0.25, truth=True).ignored.any()
    path.write_text("1,5,10,20,30,40,1,3,1\n")
    with pytest.raises(InputError, match="expected class 1"):
        read_boxes(path, 0.25, truth=True)
    path.write_text("1,5,10,20,30,40,0,1,1\n")  # as our truth has those who are hidden
    assert read_boxes(path, 0.25, truth=True).ignored.all()
    path.write_text("1,5,10,20,30,40,1,1,0.1\n")  # nobody is seen well enough: a camera may be so
    assert read_boxes(path, 0.25, truth=True).ignored.all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3\n", "line 1"),
        ("1,1,1,1,1,1\n1,a,1,1,1,1\n", "line 2"),
        ("1,1,1,1,1,1\n\n1,1\n", "line 3"),
        ("1.5,1,1,1,1,1\n", "line 1: expected whole numbers"),
        ("1,1,1,1,1,1,\xfc\n", "expected numbers between commas"),
    ],
)
def test_reading_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=says):
        read_boxes(path)


def _folders(tmp_path: Path, camera_of_run: str) -> tuple[Path, Path]:
    truth, run = tmp_path / "truth", tmp_path / "run"
    (run / "mot").mkdir(parents=True)
    truth.mkdir()
    (truth / "a.txt").write_text("1,1,0,0,100,200,1,1,1\n")
    (run / "mot" / f"{camera_of_run}.txt").write_text("1,3,0,0,100,200,0.9,-1,-1,-1\n")
    return truth, run


def test_command(tmp_path: Path) -> None:
    truth, run = _folders(tmp_path, "a")
    app = typer.Typer()
    app.command()(identities)
    plain = CliRunner().invoke(app, [str(truth), str(run)])
    assert plain.exit_code == 0 and "IDF1 1.0000" in plain.stdout
    told = json.loads(CliRunner().invoke(app, [str(truth), str(run), "--json"]).stdout)
    assert told["idf1"] == 1 and told["found_identities"] == 1


def test_several_runs_are_a_ladder(tmp_path: Path) -> None:
    """What a rung loses is the difference to the one above it."""
    truth, run = _folders(tmp_path, "a")
    worse = tmp_path / "worse"
    (worse / "mot").mkdir(parents=True)
    (worse / "mot" / "a.txt").write_text((run / "mot" / "a.txt").read_text() + "1,4,500,0,100,200,0.9,-1,-1,-1\n")
    app = typer.Typer()
    app.command()(identities)
    lines = CliRunner().invoke(app, [str(truth), str(run), str(worse)]).stdout.splitlines()
    assert [line.split()[:3] for line in lines[2:]] == [["run", "1.0000", "0.0000"], ["worse", "0.6667", "0.3333"]]
    told = json.loads(CliRunner().invoke(app, [str(truth), str(run), str(worse), "--json"]).stdout)
    assert told[str(worse)]["idf1"] == pytest.approx(2 / 3)


def test_command_refuses_folders_that_do_not_fit(tmp_path: Path) -> None:
    truth, run = _folders(tmp_path, "b")
    with pytest.raises(UsageError, match="share no camera"):
        identities(truth, [run])
    with pytest.raises(UsageError, match="holds no <camera>"):
        identities(tmp_path, [run])
    with pytest.raises(UsageError, match="output folder of a run"):
        identities(truth, [tmp_path])
