"""Several crops of one person as one descriptor: average, quality-weighted, or by attention.

Quality-weighted pooling is that of the quality aware network (Liu et al., CVPR 2017), and attention that of
the neural aggregation network (Yang et al., CVPR 2017, equations 1 to 3): Σ_i a_i f_i with a = softmax(q · f_i). What
differs: there the quality and the query q are learnt; here the quality is measured (`reid.crops.quality`), and q is the
set's own mean, so nothing has to be trained and a crop that looks like no other of its set is believed less.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ShapeError
from core.types import Descriptors


@dataclass(frozen=True)
class PoolingConfig:
    """temperature: of the softmax over cosine similarities to the set's mean; large: the plain average."""

    temperature: float = 0.1


Weigh = Callable[[Descriptors, PoolingConfig], np.ndarray]


def average_weights(crops: Descriptors, config: PoolingConfig) -> np.ndarray:
    """Every crop the same: (n,) float64, sum 1."""
    return np.full(len(crops), 1 / max(1, len(crops)))


def quality_weights(crops: Descriptors, config: PoolingConfig) -> np.ndarray:
    """By quality: (n,) float64, sum 1; all the same where none has any."""
    quality = crops.quality.astype(np.float64)
    return quality / quality.sum() if quality.sum() > 0 else average_weights(crops, config)


def attention_weights(crops: Descriptors, config: PoolingConfig) -> np.ndarray:
    """softmax(cos(f_i, mean f) / temperature) of the global vectors: (n,) float64, sum 1."""
    if not len(crops):
        return np.zeros(0)
    vectors = crops.global_.astype(np.float64)
    logits = vectors @ _unit(vectors.mean(axis=0)) / config.temperature
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


POOLS: dict[str, Weigh] = {
    "average": average_weights,
    "quality": quality_weights,
    "attention": attention_weights,
}


def pooled(sets: Sequence[Descriptors], how: str = "average", config: PoolingConfig | None = None) -> Descriptors:
    """One row per set, pooled as POOLS[`how`] says. A set without crops gives zero vectors of quality 0.

    No sets give no rows. Raises KeyError for another `how`, ShapeError for sets of different networks.
    """
    weigh, config = POOLS[how], config or PoolingConfig()
    rows = [merged(one, weigh(one, config)) for one in sets if len(one)]
    if not rows:
        return _nothing(len(sets), Descriptors(*(np.zeros((0, *shape)) for shape in ((0,), (0, 0), (0,), (0, 0), ()))))
    if len({(row.global_.shape, row.parts.shape, row.stripes.shape) for row in rows}) > 1:
        raise ShapeError("sets: expected descriptors of one network, got several widths")
    blank, filled = _nothing(1, rows[0]), iter(rows)
    return Descriptors.concatenate([next(filled) if len(one) else blank for one in sets])


def merged(crops: Descriptors, weights: np.ndarray) -> Descriptors:
    """One row: the sums of crops (n ≥ 1) by weights (n,) ≥ 0, of unit length again.

    A part counts by weight × visibility, so a crop that does not show it says nothing about it; its visibility is the
    mean of theirs by the same weights: what one crop shows well stays known. Quality is the weighted mean.
    """
    weights = np.asarray(weights, np.float64)
    if weights.shape != (len(crops),) or not len(crops) or weights.min() < 0 or not weights.sum() > 0:
        raise ShapeError(f"weights: expected {len(crops)} of at least 0 and not all 0, got {weights}")
    seen = weights[:, None] * crops.visibility
    total = seen.sum(axis=0)
    visibility = np.divide((seen * crops.visibility).sum(axis=0), total, out=np.zeros_like(total), where=total > 1e-9)
    return Descriptors(
        _unit(weights @ crops.global_)[None],
        _unit(np.einsum("nk,nkd->kd", seen, crops.parts))[None],
        visibility[None],
        _unit(np.einsum("n,nhd->hd", weights, crops.stripes))[None],
        np.array([weights @ crops.quality / weights.sum()]),
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length one along the last axis; what is zero stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float64), where=length > 1e-9)


def _nothing(count: int, like: Descriptors) -> Descriptors:
    fields = (like.global_, like.parts, like.visibility, like.stripes, like.quality)
    return Descriptors(*(np.zeros((count, *field.shape[1:]), np.float32) for field in fields))
