"""DarkRank (Chen, Wang and Zhang, AAAI 2018): the teacher's ranking of other samples is what the student learns."""

import itertools

import torch

from core.errors import ShapeError

LONGEST_SOFT = 6  # 720 permutations


def scores(distance: torch.Tensor, alpha: float = 3.0, beta: float = 3.0) -> torch.Tensor:
    """S = −α·d^β (equation 5), any shape."""
    return -alpha * distance**beta


def hard_darkrank(student_scores: torch.Tensor, teacher_scores: torch.Tensor) -> torch.Tensor:
    """−log P(π | student) for the teacher's ranking π (equation 8), mean over queries.

    Scores (Q, n): of the n candidates of each query. P is Plackett and Luce's: Π_i e^S(π_i) / Σ_{j ≥ i} e^S(π_j). Ties
    of the teacher keep index order; nothing flows into it. No query or no candidate: 0. Raises ShapeError.
    """
    _require_equal(student_scores, teacher_scores)
    if student_scores.numel() == 0:
        return student_scores.sum()
    order = torch.sort(teacher_scores.detach(), dim=1, descending=True, stable=True).indices
    return -_log_likelihood(student_scores.gather(1, order)).mean()


def soft_darkrank(student_scores: torch.Tensor, teacher_scores: torch.Tensor) -> torch.Tensor:
    """KL over all n! rankings from the teacher's to the student's distribution (equation 6), mean over queries.

    Scores (Q, n), n ≤ LONGEST_SOFT. Nothing flows into the teacher. No query or no candidate: 0. Raises ShapeError.
    """
    _require_equal(student_scores, teacher_scores)
    count = student_scores.shape[1]
    if count > LONGEST_SOFT:
        raise ShapeError(f"soft DarkRank: expected at most {LONGEST_SOFT} candidates, got {count}; use the hard form")
    if student_scores.numel() == 0:
        return student_scores.sum()
    rankings = torch.tensor(list(itertools.permutations(range(count))), device=student_scores.device)
    log_student = _log_likelihood(student_scores[:, rankings])
    log_teacher = _log_likelihood(teacher_scores.detach()[:, rankings])
    return (log_teacher.exp() * (log_teacher - log_student)).sum(1).mean()


def _log_likelihood(ordered: torch.Tensor) -> torch.Tensor:
    """log P of the ranking the last axis stands in: (…, n) to (…)."""
    remaining = torch.logcumsumexp(ordered.flip(-1), dim=-1).flip(-1)
    return (ordered - remaining).sum(-1)


def _require_equal(student: torch.Tensor, teacher: torch.Tensor) -> None:
    if student.shape != teacher.shape or student.ndim != 2:
        raise ShapeError(
            f"expected two equal (Q, n) score matrices, got {tuple(student.shape)}, {tuple(teacher.shape)}"
        )
