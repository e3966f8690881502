"""Margin sample mining (Xiao, Luo and Zhang, 2017, equation 5): one positive and one negative pair per batch."""

import torch

from reid.mining.masks import negative_pairs, positive_pairs, require_square


def margin_sample(distance: torch.Tensor, identities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest positive and the smallest negative distance anywhere in (N, N), as two (1,) tensors.

    The pairs need not share an image. Two (0,) tensors where the batch has no positive or no negative pair.
    """
    require_square(distance, identities)
    positives, negatives = positive_pairs(identities), negative_pairs(identities)
    if not positives.any() or not negatives.any():
        return distance.new_zeros(0), distance.new_zeros(0)
    farthest = distance.detach().masked_fill(~positives, -torch.inf).argmax()
    nearest = distance.detach().masked_fill(~negatives, torch.inf).argmin()
    flat = distance.flatten()
    return flat[farthest][None], flat[nearest][None]
