"""Identities as classes: cross-entropy with label smoothing (Szegedy et al., CVPR 2016, section 7)."""

import torch


def smoothed_cross_entropy(logits: torch.Tensor, identities: torch.Tensor, smoothing: float = 0.1) -> torch.Tensor:
    """Mean over rows of −Σ_c q_c log p_c with q = (1 − ε)·[c = identity] + ε / C.

    logits (N, C); identities (N,) int64 in 0 to C − 1. An empty batch gives 0.
    """
    if len(logits) == 0:
        return logits.sum()
    log_p = torch.log_softmax(logits, dim=1)
    picked = log_p.gather(1, identities[:, None]).squeeze(1)
    return -((1 - smoothing) * picked + smoothing * log_p.mean(1)).mean()
