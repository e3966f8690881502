"""The supervised contrastive loss (Khosla et al., NeurIPS 2020, equation 2).

Against batch-hard it has no comfortable point where all vectors are the same: that one costs ln(N − 1).
"""

import torch

from reid.losses.distances import mean_or_zero
from reid.mining.masks import positive_pairs, require_square


def supervised_contrastive(
    distance: torch.Tensor,
    identities: torch.Tensor,
    temperature: float = 0.1,
    comparable: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over anchors of −1/|P| Σ_p ln(e^(−d_ap/τ) / Σ_{j ≠ a} e^(−d_aj/τ)); 0 where no anchor has a positive.

    distance (N, N), of unit vectors 1 − cos; identities (N,); comparable (N, N) bool or None: pairs that count.
    """
    require_square(distance, identities)
    others = ~torch.eye(len(distance), dtype=torch.bool, device=distance.device)
    counted = others if comparable is None else others & comparable
    positive = positive_pairs(identities) & counted
    anchors = positive.any(dim=1)
    similarity = -distance[anchors] / temperature
    everything = similarity.masked_fill(~counted[anchors], -torch.inf).logsumexp(dim=1, keepdim=True)
    positive = positive[anchors]
    terms = torch.where(positive, everything - similarity, 0).sum(dim=1) / positive.sum(dim=1)
    return mean_or_zero(terms, distance)
