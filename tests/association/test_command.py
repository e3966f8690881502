"""Association alone, from arrays."""

import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, OutputError, SettingError
from pipeline.__main__ import entry
from pipeline.association.command import associate_arrays, read_arrays
from pipeline.association.normalise import normalise_cameras


def arrays_of(people: int = 8, noise: float = 0.15) -> dict[str, np.ndarray]:
    """Everybody twice in each of two cameras, two crops each time."""
    rng = np.random.default_rng(0)
    person = np.tile(np.arange(people), 4)
    camera = np.repeat([1, 1, 2, 2], people)
    start = np.repeat([0, 5000, 900, 7000], people) + person * 100
    looks = rng.normal(0, 1, (people, 64))
    crops = np.repeat(np.arange(4 * people), 2)
    embedding = looks[person[crops]] + rng.normal(0, noise, (len(crops), 64))
    frame = start[crops] + np.tile([0, 50], 4 * people)
    return {"embedding": embedding, "tracklet": crops, "camera": camera[crops], "frame": frame}


def saved(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    path = folder / "in.npz"
    np.savez(path, **arrays)
    return path


def test_everybody_found(tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    associate_arrays(saved(tmp_path, arrays_of()), out, None, 25.0)
    with np.load(out) as file:
        assert set(file.files) == {"identity", "camera", "counts", "probability"}
        same = file["identity"][:, None] == file["identity"]
        probability = file["probability"]
        assert file["counts"].tolist() == [2] * 32
        assert file["camera"].tolist() == [1] * 16 + [2] * 16
    person = np.tile(np.arange(8), 4)
    assert (same == (person[:, None] == person)).mean() > 0.97
    assert ((probability > 0.5) & (probability <= 1)).mean() > 0.9


def test_caution_is_heard_and_nonsense_refused(tmp_path: Path) -> None:
    path, out = saved(tmp_path, arrays_of()), tmp_path / "out.npz"
    associate_arrays(path, out, ["associate.sure_distance=-3", "associate.caution=1"], 25.0)
    with np.load(out) as file:
        assert len(np.unique(file["identity"])) == 32
    with pytest.raises(SettingError, match="cautoin"):
        associate_arrays(path, out, ["associate.cautoin=1"], 25.0)
    with pytest.raises(OutputError, match="cannot write"):
        associate_arrays(path, Path("/dev/null/out.npz"), None, 25.0)


def test_no_tracklets(tmp_path: Path) -> None:
    nothing = {
        name: np.zeros((0, 24) if name == "embedding" else 0, int) for name in ("embedding", "tracklet", "camera")
    }
    out = tmp_path / "out.npz"
    associate_arrays(saved(tmp_path, nothing), out, None, 25.0)
    with np.load(out) as file:
        assert len(file["identity"]) == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("camera", None, "holds no array 'camera'"),
        ("embedding", np.full((64, 24), np.nan), "embedding: expected finite"),
        ("frame", np.zeros(3, int), r"frame: expected integers \(64,\)"),
        ("tracklet", np.full(64, 1), "tracklet: numbers must run from 0 without gaps; 0 has no crop"),
        ("tracklet", np.full(64, 10**12), "tracklet: numbers must run from 0 without gaps; 0 has no crop"),
        ("tracklet", np.full(64, -1), "tracklet: numbers run from 0"),
        ("camera", np.arange(64), "camera: the crops of tracklet 0 have different ones"),
    ],
)
def test_mistakes_name_file_and_array(tmp_path: Path, name: str, value: np.ndarray | None, says: str) -> None:
    arrays = arrays_of()
    arrays = {key: one for key, one in (arrays | {name: value}).items() if one is not None}
    with pytest.raises(InputError, match=f"in.npz: {says}"):
        read_arrays(saved(tmp_path, arrays))


def test_not_an_npz(tmp_path: Path) -> None:
    path = tmp_path / "in.npz"
    path.write_text("hello")
    with pytest.raises(InputError, match="expected arrays"):
        read_arrays(path)


def test_normalising_takes_the_camera_out() -> None:
    rng = np.random.default_rng(0)
    looks = rng.normal(0, 1, (60, 16))
    vectors = np.concatenate([looks, looks * 2 + 3])
    camera = np.repeat([0, 1], 60)
    out = normalise_cameras(vectors, camera, 50)
    np.testing.assert_allclose(out[:60], out[60:], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-5)
    too_few = normalise_cameras(vectors, camera, 61)
    assert np.abs(too_few[:60] - too_few[60:]).max() > 0.1
    assert normalise_cameras(np.zeros((0, 16)), np.zeros(0), 50).shape == (0, 16)


@pytest.mark.parametrize("cameras", [2, 3, 10])
def test_few_people_are_not_mistaken_for_the_camera(tmp_path: Path, cameras: int) -> None:
    rng = np.random.default_rng(0)
    embedding = rng.normal(0, 1, 24) + rng.normal(0, 0.02, (cameras, 24))
    numbers = np.arange(cameras)
    arrays = {"embedding": embedding, "tracklet": numbers, "camera": numbers, "frame": numbers * 1000}
    out = tmp_path / "out.npz"
    associate_arrays(saved(tmp_path, arrays), out, None, 25.0)
    with np.load(out) as file:
        assert file["identity"].tolist() == [0] * cameras, "one person in all of them"


def test_without_frames_the_order_of_the_crops_says_nothing(tmp_path: Path) -> None:
    arrays = arrays_of()
    del arrays["frame"]
    order = np.random.default_rng(1).permutation(len(arrays["tracklet"]))
    found = []
    for name, rows in (("as they are", slice(None)), ("shuffled", order)):
        out = tmp_path / f"{name}.npz"
        associate_arrays(saved(tmp_path, {key: value[rows] for key, value in arrays.items()}), out, None, 25.0)
        with np.load(out) as file:
            found.append(file["identity"].tolist())
    assert found[0] == found[1]
    assert len(set(found[0])) == 8


def test_a_single_array_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 4)))
    with pytest.raises(InputError, match=r"got one written by numpy\.save"):
        read_arrays(path)
    whole = saved(tmp_path, arrays_of()).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="expected arrays"):
        read_arrays(path)
    path.write_bytes(whole.replace(whole[500:520], bytes(20)))
    with pytest.raises(InputError, match="expected arrays"):
        read_arrays(path)


def test_a_failure_is_one_line_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.npz"
    for arguments, code, says in (
        ([str(tmp_path / "none.npz")], 3, "none.npz"),
        ([str(saved(tmp_path, arrays_of())), "--set", "associate.cautoin=1"], 2, "cautoin"),
    ):
        monkeypatch.setattr(sys, "argv", ["pipeline", "associate", *arguments, "--output", str(out)])
        with pytest.raises(SystemExit) as ended:
            entry()
        assert ended.value.code == code
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1 and says in said
    assert not out.exists()
