"""Teacher and student, and students among themselves, on class probabilities."""

import torch


def distillation(student_logits: torch.Tensor, teacher_logits: torch.Tensor, temperature: float = 4.0) -> torch.Tensor:
    """τ²·KL(teacher^τ ‖ student^τ), mean over rows (Hinton, Vinyals and Dean 2015, section 2.1).

    Logits (N, C). Nothing flows into the teacher; τ² keeps the size of the gradient whatever τ. No rows: 0.
    """
    if len(student_logits) == 0:
        return student_logits.sum()
    log_student = torch.log_softmax(student_logits / temperature, dim=1)
    log_teacher = torch.log_softmax(teacher_logits.detach() / temperature, dim=1)
    divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(1)
    return temperature**2 * divergence.mean()


def mutual_learning(own_logits: torch.Tensor, other_logits: torch.Tensor) -> torch.Tensor:
    """KL(p_other ‖ p_self), mean over rows (Zhang et al., 'Deep mutual learning', CVPR 2018, equation 5).

    For one student; call it again with the two exchanged for the other. Nothing flows into `other_logits` (N, C).
    """
    return distillation(own_logits, other_logits, temperature=1.0)
