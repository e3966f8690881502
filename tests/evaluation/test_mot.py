"""Scores of results that are known to be perfect, or worse."""

from pathlib import Path

import pytest
import trackeval

from core.errors import InputError
from evaluation.mot import score


def write(folder, text):
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text(text)


@pytest.fixture
def truth(tmp_path):
    rows = [f"{frame},{who},{100 * who + frame},50,40,100,1,1,1\n" for frame in range(1, 11) for who in (1, 2)]
    write(tmp_path / "truth" / "seq" / "gt" / "gt.txt", "".join(rows))
    write(tmp_path / "truth" / "seq" / "seqinfo.ini", "[Sequence]\nname=seq\nseqLength=10\n")
    return tmp_path / "truth"


def test_perfect_and_switched(truth, tmp_path):
    perfect = [f"{f},{w},{100 * w + f},50,40,100,1,-1,-1,-1\n" for f in range(1, 11) for w in (1, 2)]
    switched = [
        f"{f},{w if f < 6 else 3 - w},{100 * w + f},50,40,100,1,-1,-1,-1\n" for f in range(1, 11) for w in (1, 2)
    ]
    write(tmp_path / "results" / "perfect" / "data" / "seq.txt", "".join(perfect))
    write(tmp_path / "results" / "switched" / "data" / "seq.txt", "".join(switched))
    found = score(truth, tmp_path / "results", ["perfect", "switched"])
    assert found["perfect"].hota == pytest.approx(100)
    assert found["perfect"].switches == 0
    assert found["switched"].switches == 2
    assert found["switched"].idf1 == pytest.approx(50)


def test_missing_results_are_named(truth, tmp_path):
    with pytest.raises(InputError, match="nobody"):
        score(truth, tmp_path / "results", ["nobody"])


@pytest.mark.parametrize(
    "rows", ["1,1,1,1,9,9,1,-1,-1,-1\n1,1,5,5,9,9,1,-1,-1,-1\n", "11,1,1,1,9,9,1,-1,-1,-1\n", "1,1,1\n"]
)
def test_what_trackeval_cannot_read_is_an_input_error(truth, tmp_path, rows, capfd):
    write(tmp_path / "results" / "a" / "data" / "seq.txt", rows)
    before = {path: path.stat().st_mtime for path in Path(trackeval.__file__).parents[1].glob("error_log.txt")}
    with pytest.raises(InputError, match="TrackEval cannot score them"):
        score(truth, tmp_path / "results", ["a"])
    assert capfd.readouterr() == ("", "")
    after = {path: path.stat().st_mtime for path in Path(trackeval.__file__).parents[1].glob("error_log.txt")}
    assert after == before


@pytest.mark.parametrize("info", [None, "", "seqLength=10\n", "[Sequence]\nname=seq\n", "[Sequence]\nseqLength=x\n"])
def test_what_seqinfo_lacks_is_said(truth, tmp_path, info):
    write(tmp_path / "results" / "a" / "data" / "seq.txt", "")
    if info is None:
        (truth / "seq" / "seqinfo.ini").unlink()
    else:
        write(truth / "seq" / "seqinfo.ini", info)
    with pytest.raises(InputError, match=r"seqinfo\.ini: expected a \[Sequence\] with its seqLength"):
        score(truth, tmp_path / "results", ["a"])


def test_truth_of_another_class_is_refused(truth, tmp_path):
    rows = "1,1,1,1,9,9,1,-1,-1,-1\n"
    write(truth / "seq" / "gt" / "gt.txt", rows)
    write(tmp_path / "results" / "a" / "data" / "seq.txt", rows)
    with pytest.raises(InputError, match="invalid gt classes"):
        score(truth, tmp_path / "results", ["a"])
