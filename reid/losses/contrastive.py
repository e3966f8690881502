"""The contrastive loss (Varior, Haloi and Wang, ECCV 2016, equation 1; Hadsell et al. 2006): an absolute bound."""

import torch
from torch.nn import functional

from reid.losses.distances import mean_or_zero
from reid.mining.masks import require_square


def contrastive(distance: torch.Tensor, identities: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    """Mean over unordered pairs of δ·d² + (1 − δ)·[α − d²]+, δ = 1 for the same identity.

    distance (N, N) Euclidean, symmetric; identities (N,); `margin` is α, on squared distances. Fewer than two rows: 0.
    """
    require_square(distance, identities)
    rows, columns = torch.triu_indices(len(identities), len(identities), offset=1, device=distance.device)
    squared = distance[rows, columns].square()
    same = identities[rows] == identities[columns]
    return mean_or_zero(torch.where(same, squared, functional.relu(margin - squared)), distance)
