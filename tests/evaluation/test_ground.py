"""Identity scores over ground positions: by hand, against a loop, and against trackeval's identity metric."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InputError, ShapeError, UsageError
from evaluation.__main__ import app
from evaluation.ground import GroundPositions, ground_scores, read_positions


def positions(rows: list[tuple[int, int, float]]) -> GroundPositions:
    """Rows of (frame, id, x)."""
    table = np.array(rows, float).reshape(-1, 3)
    return GroundPositions(table[:, 0], table[:, 1], np.column_stack([table[:, 2], np.zeros(len(table))]))


NOBODY = positions([])


def test_perfect_and_nothing() -> None:
    truth = positions([(1, 1, 0), (1, 2, 3), (2, 1, 0.5)])
    scores = ground_scores(truth, truth)
    assert (scores.idf1, scores.precision, scores.recall, scores.median_error_m, scores.switches) == (1, 1, 1, 0, 0)
    assert scores.hota == pytest.approx(1)
    assert ground_scores(truth, NOBODY).idf1 == ground_scores(NOBODY, truth).idf1 == 0
    assert ground_scores(NOBODY, NOBODY).median_error_m is None


def test_a_switch_costs_identity_but_no_position() -> None:
    truth = positions([(frame, person, 5.0 * person) for frame in range(10) for person in (0, 1)])
    found = positions([(f, p if f < 6 else 1 - p, 5.0 * p + 0.2) for f in range(10) for p in (0, 1)])
    scores = ground_scores(truth, found)
    assert scores.idf1 == pytest.approx(0.6) and scores.recall == 1 and scores.switches == 2
    assert scores.median_error_m == pytest.approx(0.2)


def test_reach_is_inclusive_and_in_metres() -> None:
    truth, found = positions([(1, 1, 0.0)]), positions([(1, 9, 0.5)])
    assert ground_scores(truth, found, 0.5).idf1 == 1 and ground_scores(truth, found, 0.49).idf1 == 0
    with pytest.raises(UsageError, match="--within"):
        ground_scores(truth, found, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equals_every_map_tried(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def some(people: int) -> GroundPositions:
        return positions(
            [(f, p, float(rng.integers(0, 4)) * 0.4) for f in range(4) for p in range(people) if rng.random() < 0.7]
        )

    truth, found = some(3), some(3)
    best = 0
    for names in itertools.permutations(range(3)):
        best = max(
            best,
            sum(
                truth.frames[a] == found.frames[b]
                and names[truth.ids[a]] == found.ids[b]
                and abs(truth.places_m[a, 0] - found.places_m[b, 0]) <= 0.5
                for a in range(len(truth))
                for b in range(len(found))
            ),
        )
    scores = ground_scores(truth, found)
    assert scores.idf1 == pytest.approx(2 * best / max(1, len(truth) + len(found)))
    assert scores.idf1 <= 2 * min(scores.recall, 1) + 1e-9


def test_files_and_command(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y_m,frame,identity,x_m\n0,1,4,2.5\n")
    assert read_positions(path).places_m.tolist() == [[2.5, 0]]
    result = CliRunner().invoke(app, ["ground", str(path), str(path)])
    assert "IDF1 1.0000" in result.output and "ground positions within 0.5 m" in result.output
    assert '"idf1": 1.0' in CliRunner().invoke(app, ["ground", str(path), str(path), "--json"]).output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no column 'frame'"),
        ("frame,id,x_m\n", "has no column 'y_m'"),
        ("frame,id,x_m,y_m\n1,1,here,0\n", "line 2: expected numbers"),
        ("frame,id,x_m,y_m\n1,1,0,0\n1,1,0\n", "line 3: expected numbers"),
        ("frame,id,x_m,y_m\n0.5,1,0,0\n", "line 2: expected whole numbers of frame and id"),
        ("frame,id,x_m,y_m\n1,1,0,0\n1,1,2,0\n", "identity 1 is 2 times in frame 1"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"a.csv.*{says}"):
        read_positions(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_positions(tmp_path / "b.csv")


def test_files_of_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeffframe,id,x_m,y_m\r\n1,1,0,0\r\n,,,\r\n\r\n", encoding="utf-8", newline="")
    assert len(read_positions(path)) == 1
    path.write_bytes("frame,id,x_m,y_m,Straße\n1,1,0,0,a\n".encode("latin-1"))
    with pytest.raises(InputError, match="expected a CSV in UTF-8"):
        read_positions(path)


def test_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(ShapeError, match="2 times in frame 3"):
        positions([(3, 1, 0), (3, 1, 1)])
