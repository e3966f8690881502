"""Who is whose positive and negative in a batch."""

import torch

from core.errors import ShapeError


def positive_pairs(identities: torch.Tensor) -> torch.Tensor:
    """(N, N) bool: same identity, another image. identities (N,) integer."""
    same = identities[:, None] == identities[None]
    return same & ~torch.eye(len(identities), dtype=torch.bool, device=identities.device)


def negative_pairs(identities: torch.Tensor) -> torch.Tensor:
    """(N, N) bool: another identity."""
    return identities[:, None] != identities[None]


def require_square(distance: torch.Tensor, identities: torch.Tensor) -> None:
    """Raise ShapeError unless distance is (N, N) and identities (N,)."""
    count = len(identities)
    if identities.ndim != 1 or distance.shape != (count, count):
        raise ShapeError(f"distance: expected ({count}, {count}) for {count} identities, got {tuple(distance.shape)}")
