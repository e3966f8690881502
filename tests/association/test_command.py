"""Association alone, from arrays."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, OutputError, SettingError
from pipeline.association.command import associate_arrays, read_arrays
from pipeline.association.normalise import normalise_cameras


def arrays_of(people: int = 8, noise: float = 0.15) -> dict[str, np.ndarray]:
    """Everybody twice in each of two cameras, two crops each time."""
    rng = np.random.default_rng(0)
    person = np.tile(np.arange(people), 4)
    camera = np.repeat([1, 1, 2, 2], people)
    start = np.repeat([0, 5000, 900, 7000], people) + person * 100
    looks = rng.normal(0, 1, (people, 24))
    crops = np.repeat(np.arange(4 * people), 2)
    embedding = looks[person[crops]] + rng.normal(0, noise, (len(crops), 24))
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
    with pytest.raises(OutputError, match="cannot be written"):
        associate_arrays(path, tmp_path / "nowhere" / "out.npz", None, 25.0)


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
