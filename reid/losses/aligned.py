"""AlignedReID's local branch (Zhang et al. 2017, equations 1 and 2): stripes aligned by the shortest path."""

import torch

from reid.losses.distances import mean_or_zero
from reid.losses.triplet import hinge
from reid.mining.batch_hard import batch_hard


def element_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """tanh(d / 2) of all stripes: (…, H, D) and (…, H', D) to (…, H, H'). The paper's form overflows from d ≈ 90."""
    return torch.tanh(torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") / 2)


def shortest_path(element: torch.Tensor) -> torch.Tensor:
    """S(H, H') of S(i, j) = min(S(i − 1, j), S(i, j − 1)) + element(i, j): (…, H, H') to (…)."""
    rows, columns = element.shape[-2:]
    best: list[torch.Tensor] = []
    for i in range(rows):
        for j in range(columns):
            cell = element[..., i, j]
            if i == 0:
                best.append(cell if j == 0 else best[j - 1] + cell)
            else:
                best[j] = best[j] + cell if j == 0 else torch.minimum(best[j], best[j - 1]) + cell
    return best[-1]


def aligned_triplet(
    global_distance: torch.Tensor, stripes: torch.Tensor, identities: torch.Tensor, margin: float | None = 0.3
) -> torch.Tensor:
    """Triplet loss on aligned local distances, on the pairs that are hardest by the global distance (N, N).

    stripes (N, H, D), of unit length for a bounded distance. Only the 2 N chosen pairs are aligned. The local distance
    is divided by the 2 H − 1 cells of a path, so that one margin suits any number of stripes.
    """
    pairs = batch_hard(global_distance, identities)
    steps = 2 * stripes.shape[1] - 1
    positive = shortest_path(element_distance(stripes[pairs.anchor], stripes[pairs.positive])) / steps
    negative = shortest_path(element_distance(stripes[pairs.anchor], stripes[pairs.negative])) / steps
    return mean_or_zero(hinge(positive, negative, margin), stripes)
