"""Fit the head's projections without gradients: linear discriminant analysis of what the trunk gives.

For a trunk with nothing to learn, one already trained, or several beside each other. Within-identity scatter S_w over
augmented crops says which differences mean nothing; directions are the leading generalised eigenvectors of (S_b, S_w),
scaled so that S_w becomes the identity (Fisher 1936; the same subspace as XQDA, Liao et al., CVPR 2015).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import scipy.linalg
import torch

from core.errors import InputError, SettingError
from reid.data.crops import about, open_crops
from reid.network.model import Members, ReIDNetwork
from reid.network.palette import Palette
from reid.training.batches import Batches
from reid.training.checkpoint import Bases, load_bases, load_trunks
from reid.training.recipe import Recipe

Say = Callable[[str], None]


def fit(recipe: Recipe, say: Say = print) -> ReIDNetwork:
    """A network whose head is fitted to `schedule.steps` batches of the recipe, its trunks those of `begin_with`.

    Raises InputError (data), WeightsError (`begin_with`), SettingError (`fit_on`).
    """
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    cv2.setNumThreads(1)
    crops = open_crops(Path(recipe.data.train))
    batches = Batches(crops, recipe)
    for line in about(crops, recipe.schedule.images, recipe.network.parts):
        say(line)
    network = ReIDNetwork.random(recipe.network, recipe.seed).eval()
    if recipe.begin_with:
        load_trunks([Path(folder) for folder in recipe.begin_with.split("+")], network)
    bases = _bases(recipe, network)
    columns = _gather(network, batches, recipe.schedule.steps, say)
    head, config = network.head, recipe.network
    identities = columns["identities"]
    shares = network.trunk.shares if isinstance(network.trunk, Members) else [network.trunk.channels]
    with torch.no_grad():
        weight, mean = _by_member(
            columns["global"], identities, config.embedding, shares, [b and b.global_ for b in bases]
        )
        head.project.weight.copy_(torch.from_numpy(weight))
        _centre(head.neck, mean)
        means = []
        for k in range(config.parts):
            seen = columns["visibility"][:, k] > 0.5
            if not seen.any():
                raise InputError(f"{recipe.data.train}: no crop shows part {k}; network.parts = 0 leaves the parts out")
            trained = [b and b.parts[k] for b in bases]
            weight, mean = _by_member(
                columns["parts"][seen, k], identities[seen], config.part_embedding, shares, trained
            )
            head.part_weights[k].copy_(torch.from_numpy(weight.T))
            means.append(mean)
        if means:
            _centre(head.part_neck, np.concatenate(means))
        stripes = columns["stripes"]
        repeated = np.repeat(identities * stripes.shape[1], stripes.shape[1])
        places = repeated + np.tile(np.arange(stripes.shape[1]), len(stripes))  # an identity at one height
        untrained = [None] * len(shares)  # recipes train parts, not stripes
        flat = stripes.reshape(-1, stripes.shape[2])
        weight, mean = _by_member(flat, places, config.part_embedding, shares, untrained)
        head.stripe_project.weight.copy_(torch.from_numpy(weight))
        _centre(head.stripe_neck, mean)
    return network


def _bases(recipe: Recipe, network: ReIDNetwork) -> list[Bases | None]:
    """Each member's trained head, None where `fit_on` does not ask for it or there is none."""
    trunks = network.trunk.trunks if isinstance(network.trunk, Members) else [network.trunk]
    if recipe.fit_on == "trunk":
        return [None] * len(trunks)
    if recipe.fit_on != "head":
        raise SettingError(f'fit_on: expected "trunk" or "head", got {recipe.fit_on!r}')
    if not recipe.begin_with:
        raise SettingError('fit_on = "head": needs the trainings whose heads are meant, in begin_with')
    trained = iter(load_bases([Path(folder) for folder in recipe.begin_with.split("+")], recipe.network))
    return [None if isinstance(trunk, Palette) else next(trained) for trunk in trunks]


def _by_member(
    features: np.ndarray,
    identities: np.ndarray,
    dimensions: int,
    shares: Sequence[int],
    bases: Sequence[np.ndarray | None],
) -> tuple[np.ndarray, np.ndarray]:
    """As `discriminant`, each member of the network projected by itself onto an equal share of the dimensions.

    bases: of each member a matrix (D, C) that its features go through first, None for none. One projection of all would
    be better where it was fitted and worse elsewhere: what one member gets wrong in another kind of picture then spoils
    the others too.
    """
    bands = features.shape[1] // sum(shares)
    ends = np.cumsum(shares) * bands
    each = dimensions // len(shares)
    weight, mean = np.zeros((dimensions, features.shape[1]), np.float32), np.zeros(dimensions, np.float32)
    for member, end in enumerate(ends):
        rows, columns = slice(member * each, (member + 1) * each), slice(end - shares[member] * bands, end)
        base, own = bases[member], features[:, columns]
        if base is None:
            weight[rows, columns], mean[rows] = discriminant(own, identities, each)
        else:
            turned, mean[rows] = discriminant(own @ base.T.astype(np.float32), identities, each)
            weight[rows, columns] = turned @ base
    return weight, mean


def discriminant(
    features: np.ndarray, identities: np.ndarray, dimensions: int, shrinkage: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """Projection (dimensions, C) float32 of features (n, C), and the mean (dimensions,) of the projected features.

    shrinkage: how far S_w is drawn to a multiple of the identity. Directions beyond the rank are zero.
    """
    features = features.astype(np.float64)
    _, group = np.unique(identities, return_inverse=True)
    counts = np.bincount(group).astype(np.float64)
    sums = np.zeros((len(counts), features.shape[1]))
    np.add.at(sums, group, features)
    centres = sums / counts[:, None]
    mean = features.mean(axis=0)
    inner, outer = features - centres[group], centres - mean
    within = inner.T @ inner / max(1, len(features) - len(counts))
    between = (outer * counts[:, None]).T @ outer / len(features)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = scipy.linalg.eigh(between, within)
    keep = np.argsort(values)[::-1][:dimensions]
    weight = np.zeros((dimensions, features.shape[1]), np.float32)
    weight[: len(keep)] = vectors[:, keep].T
    return weight, weight @ mean.astype(np.float32)


def _gather(network: ReIDNetwork, batches: Batches, steps: int, say: Say) -> dict[str, np.ndarray]:
    """Pooled features of the trunk for every branch, before the projections."""
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("global", "parts", "stripes", "visibility", "identities")
    }
    head = network.head
    with torch.inference_mode():
        for step in range(steps):
            batch = batches.batch(step)
            features = network.trunk((batch.pictures - network.mean) * network.inverse_std)
            flat = features.flatten(2)
            columns["global"].append(head.band_means(flat, *features.shape[2:]).numpy())
            columns["parts"].append(head.part_means(flat, batch.masks.flatten(2)).numpy())
            columns["stripes"].append(head.stripe_means(flat, *features.shape[2:]).numpy())
            columns["visibility"].append(batch.visibility.numpy())
            columns["identities"].append(batch.identities.numpy())
            if step % 20 == 19:
                say(f"batch {step + 1}/{steps}")
    return {name: np.concatenate(values) for name, values in columns.items()}


def _centre(neck: torch.nn.BatchNorm1d, mean: np.ndarray) -> None:
    """Make the neck subtract `mean` and nothing else: the scale is the discriminant's."""
    neck.get_buffer("running_mean").copy_(torch.from_numpy(mean))
    neck.get_buffer("running_var").fill_(1.0)
