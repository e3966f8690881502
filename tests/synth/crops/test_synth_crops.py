"""Crops: the same bytes whoever makes them, finished after an interruption, and true to the picture."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, OutputError, UsageError
from synth.crops import CropsConfig, CropsError, open_crops, write_crops
from synth.crops.command import NoSpaceError
from synth.crops.sheet import contact_sheet, sheet
from synth.crops.shoot import _keypoints
from synth.crops.store import shard_path
from synth.people.outfit import ATTRIBUTE_VALUES
from synth.types import Camera, Rendering

SMALL = CropsConfig(3, 4, 7, 64, identities_per_shard=2, cameras=6, supersample=1)
ARRAYS = ("images", "identity", "camera", "keypoints_xyc", "others_xyc", "materials", "attributes")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crops")
    write_crops(folder, SMALL)
    return folder


def test_a_contact_sheet_shows_each_person_in_a_column(made: Path) -> None:
    crops = open_crops(made)
    picture = contact_sheet(crops, 3, 2)
    assert picture.shape == (2 * 68 + 4, 3 * 36 + 4, 3)
    assert (picture[72:136, 40:72] == crops.image(5)).all()  # second person, second crop
    with pytest.raises(InputError, match="the set has 3"):
        contact_sheet(crops, 4, 2)
    with pytest.raises(InputError, match="5 crops each"):
        contact_sheet(crops, 3, 5)


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_shapes_and_labels(made: Path) -> None:
    crops = open_crops(made)
    assert len(crops) == 12
    assert [len(s.identity) for s in crops.shards] == [8, 4]
    assert isinstance(crops.shards[0].images, np.memmap)
    assert crops.shards[0].images.shape == (8, 64, 32, 3)
    assert crops.shards[0].materials.shape == (8, 8, 4)
    assert crops.labels("identity").tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert list(crops.about["attributes"]) == list(ATTRIBUTE_VALUES)
    assert crops.labels("attributes").shape == (12, len(ATTRIBUTE_VALUES))
    for k in range(3):
        assert len(set(crops.labels("camera")[4 * k : 4 * k + 4].tolist())) >= 3
    np.testing.assert_array_equal(crops.image(9), crops.shards[1].images[1])


def test_seen_joints_lie_in_the_crop_on_a_person_that_is_there(made: Path) -> None:
    crops = open_crops(made)
    joints, masks = crops.labels("keypoints_xyc"), crops.labels("materials")
    seen = joints[..., 2] > 0
    assert set(np.unique(joints[..., 2])) <= {0.0, 1.0}
    assert seen.sum(1).min() >= 1
    assert ((joints[..., :2] >= 0) & (joints[..., :2] <= (32, 64)))[seen].all()
    assert ((masks > 0).mean((1, 2)) > 0.05).all()
    assert set(np.unique(masks)) <= set(range(8))


def test_continues_after_a_kill_with_the_same_bytes(made: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(made, again)
    shutil.rmtree(shard_path(again, 1))
    left = again / ".shard-half"
    left.mkdir()
    (left / "images.npy").write_bytes(b"half")
    write_crops(again, SMALL)
    assert bytes_in(again) == bytes_in(made)


def test_workers_do_not_matter(made: Path, tmp_path: Path) -> None:
    write_crops(tmp_path / "two", SMALL, workers=2)
    assert bytes_in(tmp_path / "two") == bytes_in(made)


def test_another_seed_gives_other_crops_in_another_folder_only(made: Path, tmp_path: Path) -> None:
    other = replace(SMALL, identities=1, per_identity=2, seed=8)
    write_crops(tmp_path / "other", other)
    assert not np.array_equal(open_crops(tmp_path / "other").image(0), open_crops(made).image(0))
    with pytest.raises(CropsError, match="seed"):
        write_crops(made, replace(SMALL, seed=8))


def test_joints_count_as_seen_only_on_the_persons_own_near_surface() -> None:
    view = Camera(np.array([[10.0, 0, 5], [0, 10, 5], [0, 0, 1]]), np.eye(3), np.zeros(3), 10, 10)
    ids, depth = np.full((10, 10), 1, np.int32), np.full((10, 10), 2.0, np.float32)
    picture = Rendering(np.zeros((10, 10, 3), np.float32), ids, np.ones((10, 10), np.uint8), depth)
    joints = np.tile([0.01, 0.01, 2.05], (17, 1))
    assert _keypoints(1, joints, view, picture, np.ones(2))[:, 2].all()
    assert not _keypoints(2, joints, view, picture, np.ones(2))[:, 2].any()
    assert not _keypoints(1, joints + np.array([0, 0, 0.4]), view, picture, np.ones(2))[:, 2].any()
    assert not _keypoints(1, joints + np.array([5.0, 0, 0]), view, picture, np.ones(2))[:, 2].any()


@pytest.mark.parametrize(
    "wrong", [{"identities": 0}, {"per_identity": 0}, {"seed": -1}, {"height": 100}, {"cameras": 2}]
)
def test_impossible_requests_are_told(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(SMALL, **wrong)  # type: ignore[arg-type]


def test_no_workers_no_textures_and_no_space_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workers"):
        write_crops(tmp_path / "a", SMALL, workers=0)
    with pytest.raises(InputError, match=r"textures: .* is no folder"):
        replace(SMALL, textures=tmp_path / "nothing")
    with pytest.raises(NoSpaceError, match="GB"):
        write_crops(tmp_path / "b", replace(SMALL, identities=10**9))


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_crops(tmp_path / "file", SMALL)
    with pytest.raises(CropsError, match=r"dataset\.json"):
        open_crops(tmp_path / "nothing")
    (tmp_path / "dataset.json").write_text('{"format"')
    with pytest.raises(CropsError, match=r"dataset\.json"):
        write_crops(tmp_path, SMALL)


def test_a_sheet_that_is_no_picture_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ending in \.jpg or \.png"):
        sheet(made, tmp_path / "sheet.text", people=1, each=1)
