"""Batch-hard mining (Hermans, Beyer and Leibe, 'In defense of the triplet loss', 2017, equation 5)."""

from typing import NamedTuple

import torch

from reid.mining.masks import negative_pairs, positive_pairs, require_square


class HardPairs(NamedTuple):
    """Per anchor that has both: its row, its farthest positive and its nearest negative; (A,) int64 each."""

    anchor: torch.Tensor
    positive: torch.Tensor
    negative: torch.Tensor


def batch_hard(distance: torch.Tensor, identities: torch.Tensor, comparable: torch.Tensor | None = None) -> HardPairs:
    """Hardest pairs by distance (N, N); ties take the lowest index. No gradient flows through the choice.

    comparable (N, N) bool: pairs that may be chosen (default all). Anchors without a positive or without a negative are
    left out; an empty batch gives empty rows. Raises ShapeError.
    """
    require_square(distance, identities)
    positives, negatives = positive_pairs(identities), negative_pairs(identities)
    if comparable is not None:
        positives, negatives = positives & comparable, negatives & comparable
    anchor = torch.nonzero(positives.any(1) & negatives.any(1)).flatten()
    values = distance.detach()[anchor]
    infinity = torch.inf
    if len(anchor) == 0:
        return HardPairs(anchor, anchor, anchor)
    farthest = values.masked_fill(~positives[anchor], -infinity).argmax(1)
    nearest = values.masked_fill(~negatives[anchor], infinity).argmin(1)
    return HardPairs(anchor, farthest, nearest)
