"""Fit the head's projections without gradients: linear discriminant analysis of what the trunk already gives.

For a trunk with nothing to learn, or one already trained. Within-identity scatter S_w over augmented crops says which
differences mean nothing; directions are the leading generalised eigenvectors of (S_b, S_w), scaled so that S_w becomes
the identity (Fisher 1936; the same subspace as XQDA, Liao et al., CVPR 2015).
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import scipy.linalg
import torch

from reid.data.shards import ShardSet
from reid.network.model import ReIDNetwork
from reid.training.batches import Batches
from reid.training.recipe import Recipe

Say = Callable[[str], None]


def fit(recipe: Recipe, say: Say = print) -> ReIDNetwork:
    """A network whose head is fitted to `schedule.steps` batches of the recipe. Raises InputError."""
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    cv2.setNumThreads(1)
    batches = Batches(ShardSet(Path(recipe.data.train)), recipe)
    network = ReIDNetwork.random(recipe.network, recipe.seed).eval()
    network.head.project.weight.requires_grad_(False)
    columns = _gather(network, batches, recipe.schedule.steps, say)
    head, config = network.head, recipe.network
    identities = columns["identities"]
    with torch.no_grad():
        weight, mean = discriminant(columns["global"], identities, config.embedding)
        head.project.weight.copy_(torch.from_numpy(weight))
        _centre(head.neck, mean)
        means = []
        for k in range(config.parts):
            seen = columns["visibility"][:, k] > 0.5
            weight, mean = discriminant(columns["parts"][seen, k], identities[seen], config.part_embedding)
            head.part_weights[k].copy_(torch.from_numpy(weight.T))
            means.append(mean)
        if means:
            _centre(head.part_neck, np.concatenate(means))
        stripes = columns["stripes"]
        repeated = np.repeat(identities * stripes.shape[1], stripes.shape[1])
        places = repeated + np.tile(np.arange(stripes.shape[1]), len(stripes))  # an identity at one height
        weight, mean = discriminant(stripes.reshape(-1, stripes.shape[2]), places, config.part_embedding)
        head.stripe_project.weight.copy_(torch.from_numpy(weight))
        _centre(head.stripe_neck, mean)
    return network


def discriminant(
    features: np.ndarray, identities: np.ndarray, dimensions: int, shrinkage: float = 0.05
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
            columns["global"].append(flat.mean(2).numpy())
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
