"""The closed-form head, and the trunk it is for."""

from pathlib import Path

import numpy as np
import pytest
import torch

from reid.network.config import NetworkConfig
from reid.network.model import MEAN_BGR, STD_BGR, ReIDNetwork
from reid.network.palette import BANDS, Palette
from reid.training.closed_form import discriminant, fit
from reid.training.recipe import Recipe
from tests.reid.fake_crops import write_set


def test_discriminant_keeps_what_tells_identities_apart() -> None:
    rng = np.random.default_rng(0)
    identities = np.repeat(np.arange(30), 10)
    features = np.zeros((300, 3))
    features[:, 0] = rng.normal(0, 10, 300)  # large, but means nothing
    features[:, 1] = identities / 10 + rng.normal(0, 0.2, 300)
    features[:, 2] = rng.normal(0, 1, 300)
    weight, mean = discriminant(features, identities, 1, shrinkage=0.0)
    assert abs(weight[0, 1]) > 20 * np.abs(weight[0, [0, 2]]).max()
    np.testing.assert_allclose(mean, weight @ features.mean(0), rtol=1e-4)
    spread = (features @ weight[0])[identities == 3].std()
    assert spread == pytest.approx(1, abs=0.4)


def test_more_dimensions_than_features_are_zero() -> None:
    weight, _ = discriminant(np.random.default_rng(1).normal(size=(20, 3)), np.repeat(np.arange(5), 4), 6)
    assert weight.shape == (6, 3)
    assert not weight[3:].any()


def test_palette_shares_sum_to_one_and_follow_the_colour() -> None:
    trunk = Palette(torch.tensor(MEAN_BGR), torch.tensor(STD_BGR))
    picture = torch.zeros(1, 3, 64, 32)
    picture[:, 2] = 255.0  # pure red
    normalised = (picture - torch.tensor(MEAN_BGR)[None, :, None, None]) / torch.tensor(STD_BGR)[None, :, None, None]
    cells = trunk(normalised)
    assert cells.shape == (1, trunk.channels, 4, 2)
    shares = cells.unflatten(1, (BANDS, -1)).sum(1)[0, :64].square()
    assert shares[:, 1, 1].sum().item() == pytest.approx(1, abs=0.02)
    assert shares[:, 1, 1].argmax().item() == 3  # (0, 0, 1) in blue, green, red


def test_fitting_separates_people_of_different_colours(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "crops", identities=12, per_identity=6)
    recipe = Recipe.from_dict(
        {
            "data": {"train": str(folder)},
            "network": {"trunk": "palette", "embedding": 8, "part_embedding": 4, "input_height": 96, "input_width": 48},
            "schedule": {"steps": 6, "identities": 6, "images": 4, "threads": 1},
        }
    )
    network = fit(recipe, say=lambda line: None)
    assert network.config == NetworkConfig(
        trunk="palette", embedding=8, part_embedding=4, input_height=96, input_width=48
    )
    from reid.data.shards import ShardSet
    from reid.losses.distances import cosine
    from reid.training.augmentation import plain

    crops = ShardSet(folder)
    pictures = np.stack([plain(crops[row], 96, 48).image for row in range(len(crops))])
    with torch.inference_mode():
        batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
        found = network(batch, torch.zeros(len(crops), 5, *network.config.grid))
    distance = cosine(found.global_, found.global_).numpy()
    np.fill_diagonal(distance, np.inf)
    assert (crops.identity[distance.argmin(1)] == crops.identity).mean() > 0.9


def test_random_networks_of_every_trunk_have_the_grid_they_promise() -> None:
    for trunk in ("osnet", "palette"):
        network = ReIDNetwork.random(NetworkConfig(trunk=trunk, width=0.125, input_height=48, input_width=32), 0).eval()
        with torch.inference_mode():
            found = network(torch.zeros(2, 3, 48, 32), torch.zeros(2, 5, 3, 2))
        assert found.global_.shape == (2, 256)
        assert found.stripes.shape == (2, 8, 64)
