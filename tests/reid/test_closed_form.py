"""The closed-form head, and the trunk it is for."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import SettingError, WeightsError
from reid.network.config import TRUNKS, NetworkConfig
from reid.network.head import band_weights
from reid.network.model import MEAN_BGR, STD_BGR, Inference, ReIDNetwork
from reid.network.palette import LEVELS, Palette, evenly_lit
from reid.training.checkpoint import load_bases, load_trained
from reid.training.closed_form import discriminant, fit
from reid.training.loop import train
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


def normalised(picture: torch.Tensor) -> torch.Tensor:
    return (picture - torch.tensor(MEAN_BGR)[None, :, None, None]) / torch.tensor(STD_BGR)[None, :, None, None]


def test_palette_shares_sum_to_one_and_follow_the_colour() -> None:
    trunk = Palette(torch.tensor(MEAN_BGR), torch.tensor(STD_BGR))
    picture = torch.full((1, 3, 160, 64), 110.0)  # grey where light is measured, red at the left
    picture[:, 2, :, :16], picture[:, :2, :, :16] = 255.0, 0.0
    cells = trunk(normalised(picture))
    assert cells.shape == (1, trunk.channels, 10, 4)
    shares = cells[0, : len(LEVELS) ** 3].square()
    assert shares[:, 5, 0].sum().item() == pytest.approx(1, abs=0.02)
    assert shares[:, 5, 0].argmax().item() == len(LEVELS) - 1  # (0, 0, 1) in blue, green, red
    assert shares[:, 5, 2].argmax().item() == len(LEVELS) ** 3 // 2  # grey


def test_palette_takes_the_colour_of_the_light_out() -> None:
    picture = torch.rand(1, 3, 160, 64, generator=torch.Generator().manual_seed(0)) * 120 + 60
    warm = picture * torch.tensor([0.8, 1.0, 1.15])[None, :, None, None]
    lit, warm_lit = evenly_lit(picture / 255), evenly_lit(warm / 255)
    assert (warm - picture).abs().mean() / 255 > 0.05
    torch.testing.assert_close(warm_lit, lit, atol=0.01, rtol=0)


def test_bands_cover_the_height_once_and_look_at_the_middle() -> None:
    weights = band_weights(10, 4, 8)
    torch.testing.assert_close(weights.sum(1), torch.ones(8), atol=0.25, rtol=0)
    assert weights.sum().item() == pytest.approx(8, rel=1e-5)
    rows = weights.unflatten(1, (10, 4)).sum((0, 2))
    torch.testing.assert_close(rows, torch.full((10,), 0.8))  # no row counts more than another
    columns = weights.unflatten(1, (10, 4)).sum((0, 1))
    assert columns[1] > 3 * columns[0]
    torch.testing.assert_close(columns, columns.flip(0))
    torch.testing.assert_close(band_weights(10, 4, 0), torch.full((1, 40), 1 / 40))


@pytest.mark.parametrize("palette", [0.5, 0.3])
def test_every_member_has_its_share_of_a_vector(palette: float) -> None:
    both = {"trunk": "osnet-ain+palette", "width": 0.125, "bands": 2, "embedding": 16, "part_embedding": 8}
    config = NetworkConfig.from_dict(both | {"palette_share": palette})
    network = ReIDNetwork.random(config, 0).eval()
    with torch.inference_mode():
        found = Inference(network).eval()(torch.rand(3, 3, 160, 64) * 255, torch.rand(3, 5, 10, 4))
    for vectors in found:
        shares = vectors.unflatten(-1, (2, -1)).square().sum(-1)
        torch.testing.assert_close(shares, torch.tensor([1 - palette, palette]).expand_as(shares))


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_member_without_a_share_is_refused(share: float) -> None:
    with pytest.raises(SettingError, match="palette_share"):
        NetworkConfig(palette_share=share)


def test_the_members_of_a_fitted_network_do_not_mix(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "crops", identities=12, per_identity=6)
    small = {"width": 0.125, "input_height": 96, "input_width": 48}
    schedule = {"steps": 4, "identities": 6, "images": 4, "threads": 1}
    alone = Recipe.from_dict(
        {"data": {"train": str(folder)}, "network": {"trunk": "osnet-ain", **small}, "schedule": schedule}
    )
    trained = train(alone, tmp_path / "run", say=lambda line: None)
    both = {"trunk": "osnet-ain+palette", "bands": 3, "embedding": 8, "part_embedding": 4, **small}
    recipe = Recipe.from_dict(
        {
            "begin_with": str(tmp_path / "run"),
            "data": {"train": str(folder)},
            "network": both,
            "schedule": schedule,
        }
    )
    network = fit(recipe, say=lambda line: None)
    learned, shared = trained.trunk.state_dict(), network.trunk.trunks[0].state_dict()  # type: ignore[union-attr]
    assert learned.keys() == shared.keys()
    assert all(torch.equal(learned[name], shared[name]) for name in learned)
    split = 3 * network.trunk.shares[0]  # type: ignore[union-attr]
    weight = network.head.project.weight
    assert not weight[:4, split:].any()
    assert not weight[4:, :split].any()
    assert weight[:4, :split].any()
    assert weight[4:, split:].any()


def headed(tmp_path: Path, **changes: object) -> dict[str, object]:
    """A recipe for `fit` on the head of a short training."""
    folder = write_set(tmp_path / "crops", identities=12, per_identity=6)
    small = {"width": 0.125, "input_height": 96, "input_width": 48, "bands": 3}
    schedule = {"steps": 4, "identities": 6, "images": 4, "threads": 1}
    data = {"train": str(folder)}
    network = {"trunk": "osnet-ain", "embedding": 8, "part_embedding": 8, **small}
    train(Recipe.from_dict({"data": data, "network": network, "schedule": schedule}), tmp_path / "run", say=silent)
    both = {"trunk": "osnet-ain+palette", "embedding": 12, "part_embedding": 8, **small}
    begin = {"begin_with": str(tmp_path / "run"), "fit_on": "head"}
    return {"data": data, "network": both, "schedule": schedule} | begin | changes


def silent(_: str) -> None:
    return


def test_directions_are_looked_for_in_what_the_trained_head_says(tmp_path: Path) -> None:
    recipe = headed(tmp_path)
    network = fit(Recipe.from_dict(recipe), say=silent)
    (bases,) = load_bases([tmp_path / "run"], network.config)
    split = 3 * network.trunk.shares[0]  # type: ignore[union-attr]
    weight = network.head.project.weight.detach()
    own, palette = weight[:6, :split], weight[6:, split:]
    assert bases.global_.shape == (8, split)
    assert outside(own.numpy(), bases.global_) < 1e-4
    for weight, base in zip(network.head.part_weights.detach(), bases.parts, strict=True):
        assert outside(weight[: split // 3, :4].T.numpy(), base) < 1e-4
    assert palette.any()
    on_trunk = fit(Recipe.from_dict(recipe | {"fit_on": "trunk"}), say=silent)
    assert outside(on_trunk.head.project.weight.detach()[:6, :split].numpy(), bases.global_) > 0.1


def outside(rows: np.ndarray, base: np.ndarray) -> float:
    """Share of `rows` (n, C) that no combination of the rows of `base` (D, C) gives."""
    rest = rows - np.linalg.lstsq(base.T, rows.T, rcond=None)[0].T @ base
    return float(np.linalg.norm(rest) / np.linalg.norm(rows))


def test_a_head_is_read_as_the_trained_network_has_it(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(headed(tmp_path))
    alone = dataclasses.replace(recipe.network, trunk="osnet-ain", embedding=8)
    trained, _ = load_trained(tmp_path / "run", dataclasses.replace(recipe, network=alone))
    (bases,) = load_bases([tmp_path / "run"], recipe.network)
    rng = np.random.default_rng(0)
    two = torch.from_numpy(rng.normal(0, 1, (2, trained.trunk.channels, 6, 3)).astype(np.float32))
    masks = torch.rand(2, 5, 6, 3, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = trained.head(two, masks)
        bands = trained.head.band_means(two.flatten(2), 6, 3)
        parts = trained.head.part_means(two.flatten(2), masks.flatten(2))
    # necks subtract their means, so differences are what a matrix alone can tell
    expected = (found.global_[0] - found.global_[1]).numpy()
    np.testing.assert_allclose(bases.global_ @ (bands[0] - bands[1]).numpy(), expected, rtol=1e-3, atol=1e-4)
    for k in range(5):
        expected = (found.parts[0, k] - found.parts[1, k]).numpy()
        np.testing.assert_allclose(bases.parts[k] @ (parts[0, k] - parts[1, k]).numpy(), expected, rtol=1e-3, atol=1e-4)


def test_a_head_that_does_not_fit_or_is_not_there_is_refused(tmp_path: Path) -> None:
    recipe = headed(tmp_path)
    with pytest.raises(WeightsError, match="of 2 bands and 5 parts, got 3"):
        fit(Recipe.from_dict(recipe | {"network": {**recipe["network"], "bands": 2}}), say=silent)  # type: ignore[dict-item]
    with pytest.raises(SettingError, match="begin_with"):
        fit(Recipe.from_dict(recipe | {"begin_with": ""}), say=silent)
    with pytest.raises(SettingError, match='"trunk" or "head"'):
        fit(Recipe.from_dict(recipe | {"fit_on": "heads"}), say=silent)


def test_the_first_of_two_learnt_members_has_its_share_of_the_rest() -> None:
    config = NetworkConfig(trunk="osnet-ain+resnet18-ibn+palette", palette_share=0.2, first_share=0.25, embedding=12,
                           part_embedding=12)  # fmt: skip
    assert config.shares == pytest.approx((0.2, 0.6, 0.2))
    with pytest.raises(SettingError, match="first_share"):
        NetworkConfig(first_share=1)


def test_a_trunk_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "crops", identities=6, per_identity=4)
    small = {"trunk": "osnet-ain", "width": 0.125, "input_height": 96, "input_width": 48}
    schedule = {"steps": 1, "identities": 4, "images": 2, "threads": 1}
    recipe = {"data": {"train": str(folder)}, "network": small, "schedule": schedule}
    train(Recipe.from_dict(recipe), tmp_path / "run", say=lambda line: None)
    wider = recipe | {"begin_with": str(tmp_path / "run"), "network": small | {"width": 0.25}}
    with pytest.raises(WeightsError, match="not that of the recipe"):
        fit(Recipe.from_dict(wider), say=lambda line: None)


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
    for trunk in TRUNKS:
        tiny = {"width": 0.125, "resnet_width": 0.125, "embedding": 96, "part_embedding": 12}
        config = NetworkConfig(trunk=trunk, input_height=48, input_width=32, **tiny)
        network = ReIDNetwork.random(config, 0).eval()
        with torch.inference_mode():
            found = network(torch.zeros(2, 3, 48, 32), torch.zeros(2, 5, 3, 2))
        assert found.global_.shape == (2, 96)
        assert found.stripes.shape == (2, 8, 12)
        assert sum(config.shares) == pytest.approx(1)
