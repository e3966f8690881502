"""The tuner chooses by the sequences it is given and looks at no other before the end."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("optuna")

import typer

from benchmarks import tune_trackers
from trackers.config import DefaultConfig, OfflineConfig


@pytest.fixture
def folder(tmp_path, make_street, monkeypatch) -> Path:
    """Three small sequences in the manner of MOTChallenge, whose truth is what was seen."""
    for number in (2, 4, 5):
        sequence = tmp_path / "truth" / f"MOT17-{number:02d}-X"
        (sequence / "det").mkdir(parents=True)
        (sequence / "gt").mkdir()
        rows = []
        for frame, found in enumerate(make_street(number, frames=20), 1):
            for k, (x1, y1, x2, y2) in enumerate(found.boxes_xyxy, 1):
                rows.append((frame, k, x1, y1, x2 - x1, y2 - y1, found.scores[k - 1]))
        det = "".join(f"{r[0]},-1,{r[2]},{r[3]},{r[4]},{r[5]},{r[6]}\n" for r in rows)
        truth = "".join(f"{r[0]},{r[1]},{r[2]},{r[3]},{r[4]},{r[5]},1,1,1\n" for r in rows)
        (sequence / "det" / "det.txt").write_text(det)
        (sequence / "gt" / "gt.txt").write_text(truth)
        (sequence / "seqinfo.ini").write_text(
            f"[Sequence]\nname={sequence.name}\nframeRate=30\nseqLength=20\nimWidth=1920\nimHeight=1080\n"
        )
    monkeypatch.setattr(tune_trackers, "RESULTS", tmp_path / "results")
    return tmp_path / "truth"


def call(*arguments: str):
    app = typer.Typer()
    app.command()(tune_trackers.main)
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("offline", [[], ["--offline"]])
def test_only_the_sequences_named_are_looked_at_before_the_end(folder, monkeypatch, offline):
    looked_at = []
    scored = tune_trackers.scored

    def noting(truth, sequences, settings, *, reverse=False):
        looked_at.append({sequence.name for sequence in sequences})
        return scored(truth, sequences, settings, reverse=reverse)

    monkeypatch.setattr(tune_trackers, "scored", noting)
    result = call(str(folder), "--on", "02,05", "--trials", "2", *offline)
    assert result.exit_code == 0, result.output
    chosen, others = {"MOT17-02-X", "MOT17-05-X"}, {"MOT17-04-X"}
    assert looked_at == [chosen] * 4 + [chosen, others] * 2
    assert result.output.count("HOTA") == 4


def test_all_sequences_leave_none_to_report_on(folder):
    assert call(str(folder), "--on", "02,04,05").exit_code == 2


@pytest.mark.parametrize(("config", "ranges"), [(DefaultConfig(), "ONLINE"), (OfflineConfig(), "OFFLINE")])
def test_every_setting_searched_exists_and_its_default_lies_within(config, ranges):
    for name, (low, high) in getattr(tune_trackers, ranges).items():
        assert low <= tune_trackers.value_of(config, name) <= high
        changed = tune_trackers.with_value(config, name, low)
        assert tune_trackers.value_of(changed, name) == low
        assert changed != config


def test_a_setting_that_is_not_is_an_error():
    with pytest.raises(AttributeError, match="no setting 'limmit'"):
        tune_trackers.with_value(OfflineConfig(), "join.limmit", 1.0)


def test_reading_backwards_keeps_the_frames_of_the_boxes(folder):
    sequence = tune_trackers.mot_files.read(folder / "MOT17-02-X")
    rows = tune_trackers.run(sequence, tune_trackers.Settings(DefaultConfig()), reverse=True)
    for frame, box in zip(rows.frames, rows.boxes_xyxy, strict=True):
        assert np.abs(sequence.frames[int(frame)].boxes_xyxy - box).max(axis=1).min() < 20
