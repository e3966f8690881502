"""Part-averaged batch-hard triplet (BPBreID, Somers et al., WACV 2023, equation 6; visibilities as weights)."""

import torch

from reid.losses.batch_hard import batch_hard_triplet

LEAST_MUTUAL = 1e-3


def part_averaged_distance(parts: torch.Tensor, visibility: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Visibility-weighted mean over parts of Euclidean distances, and which pairs share a visible part.

    parts (N, K, d); visibility (N, K) in [0, 1]; gives (N, N) distances (0 where nothing is shared) and (N, N) bool.
    """
    by_part = parts.transpose(0, 1)
    distance = torch.cdist(by_part, by_part, compute_mode="donot_use_mm_for_euclid_dist")
    weight = (visibility.T[:, :, None] * visibility.T[:, None, :]).to(distance)
    total = weight.sum(0)
    comparable = total > LEAST_MUTUAL
    return (weight * distance).sum(0) / total.clamp(min=LEAST_MUTUAL), comparable


def part_averaged_triplet(
    parts: torch.Tensor, visibility: torch.Tensor, identities: torch.Tensor, margin: float | None = 0.3
) -> torch.Tensor:
    """Batch-hard triplet on the part-averaged distance, among pairs that share a visible part; 0 where none do."""
    distance, comparable = part_averaged_distance(parts, visibility)
    return batch_hard_triplet(distance, identities, margin, comparable)
