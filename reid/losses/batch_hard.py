"""Triplet losses on mined pairs: batch-hard, soft batch-hard, margin sample mining. Equations stand with the miners."""

import torch

from reid.losses.distances import mean_or_zero
from reid.losses.triplet import hinge
from reid.mining.batch_hard import batch_hard
from reid.mining.margin_sample import margin_sample
from reid.mining.soft_batch_hard import soft_batch_hard


def batch_hard_triplet(
    distance: torch.Tensor,
    identities: torch.Tensor,
    margin: float | None = 0.3,
    comparable: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over anchors of hinge(farthest positive, nearest negative); 0 where no anchor has both.

    distance (N, N); identities (N,); comparable (N, N) bool or None: pairs that may be chosen.
    """
    pairs = batch_hard(distance, identities, comparable)
    positive, negative = distance[pairs.anchor, pairs.positive], distance[pairs.anchor, pairs.negative]
    return mean_or_zero(hinge(positive, negative, margin), distance)


def soft_batch_hard_triplet(
    distance: torch.Tensor, identities: torch.Tensor, margin: float | None = None
) -> torch.Tensor:
    """Mean over anchors of hinge on softmax-weighted distances; 0 where no anchor has both."""
    return mean_or_zero(hinge(*soft_batch_hard(distance, identities), margin), distance)


def margin_sample_mining(distance: torch.Tensor, identities: torch.Tensor, margin: float | None = 0.3) -> torch.Tensor:
    """hinge(largest positive distance, smallest negative distance) of the whole batch; 0 where either is missing."""
    return mean_or_zero(hinge(*margin_sample(distance, identities), margin), distance)
