"""Soft batch-hard: every positive and negative speaks, the hard ones loudest (slides of C. Zhang 2017; AGW 2021)."""

import torch

from reid.mining.masks import negative_pairs, positive_pairs, require_square


def soft_batch_hard(distance: torch.Tensor, identities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax-weighted distances dp = Σ softmax(d)·d over positives and dn = Σ softmax(−d)·d over negatives.

    distance (N, N); gives two (A,) tensors for the A anchors that have both. The softmax is masked with −inf, never
    with zeros, and the anchor is not its own positive. Raises ShapeError.
    """
    require_square(distance, identities)
    positives, negatives = positive_pairs(identities), negative_pairs(identities)
    both = positives.any(1) & negatives.any(1)
    rows = distance[both]
    return _weighted(rows, rows, positives[both]), _weighted(rows, -rows, negatives[both])


def _weighted(values: torch.Tensor, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = torch.softmax(logits.masked_fill(~mask, -torch.inf), dim=1)
    return (weights * values.masked_fill(~mask, 0)).sum(1)
