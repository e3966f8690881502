"""Improved triplet loss (Cheng et al., CVPR 2016, equation 3): a relative bound, and an absolute one on positives."""

import torch

from reid.losses.distances import mean_or_zero
from reid.mining.masks import negative_pairs, positive_pairs, require_square


def improved_triplet(
    distance: torch.Tensor,
    identities: torch.Tensor,
    relative_bound: float = -1.0,
    positive_bound: float = 0.01,
    positive_weight: float = 0.002,
) -> torch.Tensor:
    """Mean over triplets (a, p, n) of max(d²ap − d²an, τ1) + β·max(d²ap, τ2).

    distance (N, N) Euclidean; identities (N,); the bounds τ1 and τ2, on squared distances, and β as in the paper. Below
    a bound the term is the bound and its gradient 0. No triplet: 0. Takes O(N³) memory.
    """
    require_square(distance, identities)
    valid = positive_pairs(identities)[:, :, None] & negative_pairs(identities)[:, None, :]
    squared = distance.square()
    relative = (squared[:, :, None] - squared[:, None, :]).clamp(min=relative_bound)
    absolute = squared.clamp(min=positive_bound)[:, :, None]
    return mean_or_zero((relative + positive_weight * absolute)[valid], distance)
