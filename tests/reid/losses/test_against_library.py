"""Losses that pytorch-metric-learning has too agree with it, value and gradient."""

import numpy as np
import pytest
import torch

pytest.importorskip("pytorch_metric_learning", reason="pytorch-metric-learning is a development requirement")

from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss, SupConLoss, TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import MeanReducer, SumReducer

from reid.losses.batch_hard import batch_hard_triplet
from reid.losses.contrastive import contrastive
from reid.losses.distances import cosine, euclidean
from reid.losses.supervised_contrastive import supervised_contrastive
from reid.losses.triplet import triplet

LABELS = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 3])
PLAIN = LpDistance(normalize_embeddings=False)


def both(ours, theirs, scale: float = 1.0, distance=lambda x: euclidean(x, x)) -> None:
    """Equal values and gradients at the same features."""
    x = torch.from_numpy(np.random.default_rng(4).normal(0, 0.6, (len(LABELS), 5))).requires_grad_()
    own = ours(distance(x))
    own_gradient = torch.autograd.grad(own, x)[0]
    other = theirs(x) * scale
    other_gradient = torch.autograd.grad(other, x)[0]
    assert own.item() > 0
    assert own.item() == pytest.approx(other.item(), abs=1e-6)
    torch.testing.assert_close(own_gradient, other_gradient, atol=1e-6, rtol=1e-6)


def test_contrastive() -> None:
    squared = LpDistance(normalize_embeddings=False, power=2)
    theirs = ContrastiveLoss(pos_margin=0, neg_margin=1.5, distance=squared, reducer=SumReducer())
    ordered_pairs = len(LABELS) * (len(LABELS) - 1)  # it sums both orders of each pair, ours is the mean over pairs
    both(lambda d: contrastive(d, LABELS, 1.5), lambda x: theirs(x, LABELS), 1 / ordered_pairs)


def test_supervised_contrastive() -> None:
    theirs = SupConLoss(temperature=0.2, distance=CosineSimilarity())  # leaves out anchors without a positive
    both(lambda d: supervised_contrastive(d, LABELS, 0.2), lambda x: theirs(x, LABELS), distance=lambda x: cosine(x, x))


@pytest.mark.parametrize("margin", [0.3, None])
def test_triplet(margin: float | None) -> None:
    theirs = TripletMarginLoss(margin or 0, smooth_loss=margin is None, distance=PLAIN, reducer=MeanReducer())
    both(lambda d: triplet(d, LABELS, margin), lambda x: theirs(x, LABELS))


@pytest.mark.parametrize("margin", [0.3, None])
def test_batch_hard(margin: float | None) -> None:
    miner = BatchHardMiner(distance=PLAIN)
    theirs = TripletMarginLoss(margin or 0, smooth_loss=margin is None, distance=PLAIN, reducer=MeanReducer())
    both(lambda d: batch_hard_triplet(d, LABELS, margin), lambda x: theirs(x, LABELS, miner(x, LABELS)))
