from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from synth.scene import textures
from synth.scene.textures import Textures, noise

MATERIALS = ("floor", "ground", "wall", "wood", "metal", "fabric", "leaves", "poster")


@pytest.mark.parametrize("material", MATERIALS)
def test_every_material_gives_the_same_picture_for_the_same_seed(material: str) -> None:
    first, again, other = (Textures().pick(np.random.default_rng(seed), material) for seed in (3, 3, 4))
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("maker", [textures.plain, textures.stained, textures.wood, textures.carpet])
def test_tiles_go_on_seamlessly(maker: object) -> None:
    image = maker(np.random.default_rng(0)).astype(float)  # type: ignore[operator]
    inside = np.abs(np.diff(image, axis=1)).mean()
    assert np.abs(image[:, 0] - image[:, -1]).mean() < 1.5 * inside


def test_noise_is_normalised() -> None:
    field = noise(np.random.default_rng(0), 64)
    assert abs(field.mean()) < 1e-9
    assert field.std() == pytest.approx(1.0)


def test_a_folder_of_tiles_is_used(tmp_path: Path) -> None:
    (tmp_path / "Wood").mkdir()
    cv2.imwrite(str(tmp_path / "Wood" / "a.png"), np.full((8, 8, 3), (10, 20, 30), np.uint8))
    source = Textures.from_folder(tmp_path)
    drawn = [source.pick(np.random.default_rng(seed), "wood") for seed in range(8)]
    from_file = [image for image in drawn if image.shape == (8, 8, 3)]
    assert from_file
    assert from_file[0][0, 0].tolist() == [30, 20, 10]


def test_a_folder_without_tiles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds none"):
        Textures.from_folder(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        Textures.from_folder(tmp_path / "nowhere")
