"""What somebody wears as an auxiliary task (Lin et al., "Improving person re-identification by attribute and identity
learning", Pattern Recognition 2019, equation 3): one cross-entropy per question, averaged over the questions.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional

from core.errors import ShapeError
from reid.losses.distances import mean_or_zero


def attribute_cross_entropy(logits: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
    """Mean over questions of the mean over labelled rows of −log p(label); 0 where nothing is labelled.

    logits: of each question (N, answers); labels (N, questions) int64, negative where nobody says. A question without
    any label is left out, so that it does not make the others count less. Raises ShapeError.
    """
    if labels.ndim != 2 or labels.shape[1] != len(logits):
        raise ShapeError(f"labels: expected a column for each of {len(logits)} questions, got {tuple(labels.shape)}")
    terms = []
    for answers, column in zip(logits, labels.T, strict=True):
        if len(answers) != len(column):
            raise ShapeError(f"logits: expected {len(column)} rows, one per label, got {len(answers)}")
        known = column >= 0
        if known.any():
            terms.append(functional.cross_entropy(answers[known], column[known]))
    everything = torch.cat([answers.flatten() for answers in logits]) if logits else labels.double()
    return mean_or_zero(torch.stack(terms) if terms else everything[:0], everything)
