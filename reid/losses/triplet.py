"""The triplet loss (Liu et al., TIP 2017; Hermans et al. 2017): an anchor's positive nearer than its negative."""

import torch
from torch.nn import functional

from reid.losses.distances import mean_or_zero
from reid.mining.masks import negative_pairs, positive_pairs, require_square


def hinge(positive: torch.Tensor, negative: torch.Tensor, margin: float | None = 0.3) -> torch.Tensor:
    """[dp − dn + margin]+ elementwise, or ln(1 + e^(dp − dn)) where margin is None (soft margin)."""
    difference = positive - negative
    return functional.softplus(difference) if margin is None else functional.relu(difference + margin)


def triplet(distance: torch.Tensor, identities: torch.Tensor, margin: float | None = 0.3) -> torch.Tensor:
    """Mean of `hinge` over all triplets (anchor, positive, negative) of a batch; 0 where there is none.

    distance (N, N); identities (N,). Takes O(N³) memory: batches, not galleries.
    """
    require_square(distance, identities)
    valid = positive_pairs(identities)[:, :, None] & negative_pairs(identities)[:, None, :]
    terms = hinge(distance[:, :, None], distance[:, None, :], margin)
    return mean_or_zero(terms[valid], distance)
