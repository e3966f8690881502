"""Quadruplet loss (Chen et al., CVPR 2017, equation 4): positives nearer than negatives of other people."""

import torch
from torch.nn import functional

from reid.losses.distances import mean_or_zero
from reid.mining.masks import negative_pairs, positive_pairs, require_square


def quadruplet(
    distance: torch.Tensor, identities: torch.Tensor, margin: float = 1.0, weak_margin: float = 0.5
) -> torch.Tensor:
    """Mean of [d²ij − d²ik + α1]+ over triplets plus mean of [d²ij − d²lk + α2]+ over quadruplets.

    i and j share an identity; i, l and k are of three identities. distance (N, N) Euclidean, symmetric; margin is α1,
    weak_margin α2 < α1: the second push is the weaker one. A sum without members is 0. Memory: (positive pairs) ×
    (negative pairs), so batches of up to about 128.
    """
    require_square(distance, identities)
    positives, negatives = positive_pairs(identities), negative_pairs(identities)
    squared = distance.square()
    triplets = positives[:, :, None] & negatives[:, None, :]
    near = functional.relu(squared[:, :, None] - squared[:, None, :] + margin)
    i, j = positives.nonzero(as_tuple=True)
    rows, columns = negatives.nonzero(as_tuple=True)
    apart = negatives[i][:, rows] & negatives[i][:, columns]  # neither l nor k is of i's identity
    far = functional.relu(squared[i, j][:, None] - squared[rows, columns][None] + weak_margin)
    return mean_or_zero(near[triplets], distance) + mean_or_zero(far[apart], distance)
