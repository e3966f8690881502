"""Metric mutual learning (Zhang et al., AlignedReID 2017, equation 4): two students agree on distances."""

import torch

from core.errors import ShapeError


def metric_mutual(first_distance: torch.Tensor, second_distance: torch.Tensor) -> torch.Tensor:
    """1/N² Σij ([ZG(M¹ij) − M²ij]² + [M¹ij − ZG(M²ij)]²); matrices (N, N).

    ZG is the zero-gradient operator: a constant while differentiating, so each student is drawn to the other's distance
    as it stands, and the Hessian is diagonal. An empty batch gives 0. Raises ShapeError.
    """
    if first_distance.shape != second_distance.shape:
        raise ShapeError(f"expected equal shapes, got {tuple(first_distance.shape)}, {tuple(second_distance.shape)}")
    if first_distance.numel() == 0:
        return first_distance.sum() + second_distance.sum()
    second_follows = (first_distance.detach() - second_distance).square()
    first_follows = (first_distance - second_distance.detach()).square()
    return (second_follows + first_follows).mean()
