"""Part-averaged distances (BPBreID, Somers et al., WACV 2023, equation 6; visibilities as weights) and their losses."""

import torch
from torch.nn import functional

from reid.losses.batch_hard import batch_hard_triplet
from reid.losses.supervised_contrastive import supervised_contrastive

LEAST_MUTUAL = 1e-3


def part_averaged_distance(parts: torch.Tensor, visibility: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Visibility-weighted mean over parts of Euclidean distances, and which pairs share a visible part.

    parts (N, K, d); visibility (N, K) in [0, 1]; gives (N, N) distances (0 where nothing is shared) and (N, N) bool.
    """
    by_part = parts.transpose(0, 1)
    return _averaged(torch.cdist(by_part, by_part, compute_mode="donot_use_mm_for_euclid_dist"), visibility)


def part_averaged_cosine(parts: torch.Tensor, visibility: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `part_averaged_distance`, of 1 − cos: what inference compares parts by."""
    by_part = functional.normalize(parts, dim=2).transpose(0, 1)
    return _averaged(1 - by_part @ by_part.transpose(1, 2), visibility)


def part_averaged_triplet(
    parts: torch.Tensor, visibility: torch.Tensor, identities: torch.Tensor, margin: float | None = 0.3
) -> torch.Tensor:
    """Batch-hard triplet on the part-averaged distance, among pairs that share a visible part; 0 where none do."""
    distance, comparable = part_averaged_distance(parts, visibility)
    return batch_hard_triplet(distance, identities, margin, comparable)


def part_averaged_contrastive(
    parts: torch.Tensor, visibility: torch.Tensor, identities: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    """Supervised contrastive loss on the part-averaged cosine distance, among pairs that share a visible part."""
    distance, comparable = part_averaged_cosine(parts, visibility)
    return supervised_contrastive(distance, identities, temperature, comparable)


def _averaged(by_part: torch.Tensor, visibility: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distances (K, N, N) averaged over parts, and which pairs share one."""
    weight = (visibility.T[:, :, None] * visibility.T[:, None, :]).to(by_part)
    total = weight.sum(0)
    return (weight * by_part).sum(0) / total.clamp(min=LEAST_MUTUAL), total > LEAST_MUTUAL
