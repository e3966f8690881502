"""The distance of the pipeline: what two crops both show, compared part by part, and how much that was.

Where keypoints are trusted, mutually visible parts are compared (VPM, Sun et al. CVPR 2019, equation 6: weights are the
products of visibilities); where they are not, stripes aligned by the shortest path can take over (with the bundled
network they cost more than they bring, and are off); the global vector always takes part. Nothing is concatenated, so a
part that one of the two does not show cannot speak.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import ShapeError
from core.types import Descriptors
from reid.distance.aligned import aligned_distance


@dataclass(frozen=True)
class DistanceConfig:
    """Shares and seams of the fusion.

    parts_share, stripes_share: weight of the parts (at full mutual visibility) and of the aligned stripes (where parts
    say nothing) beside the global distance's 1, chosen on rendered crops. parts_enough: mutual visibility from which
    stripes are no longer asked. evidence_global: evidence of a full-quality pair without any mutually visible part.
    block_rows: rows at once; bounds memory to about block_rows × M × 700 bytes.
    """

    parts_share: float = 0.25
    stripes_share: float = 0.0
    parts_enough: float = 0.4
    evidence_global: float = 0.5
    block_rows: int = 64


def appearance_distance(
    a: Descriptors, b: Descriptors, config: DistanceConfig | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Distance (N, M) float32, 0 the same and about 1 unrelated (2 at most), and evidence (N, M) float32 in [0, 1].

    Symmetric: exchanging `a` and `b` transposes both. Evidence is √(quality · quality) × (evidence_global + the rest ×
    mutual visibility). Empty input gives an empty matrix. Raises ShapeError where the two come from different networks.
    """
    config = config or DistanceConfig()
    _require_same_network(a, b)
    distance = np.zeros((len(a), len(b)), np.float32)
    evidence = np.zeros_like(distance)
    if not distance.size:  # an empty Descriptors has lost its widths
        return distance, evidence
    for first in range(0, len(a), config.block_rows):
        rows = slice(first, first + config.block_rows)
        distance[rows], evidence[rows] = _block(a[rows], b, config)
    return distance, evidence


def global_distance(a: Descriptors, b: Descriptors) -> np.ndarray:
    """Cosine distance (N, M) float32 of the global vectors."""
    return np.clip(1 - a.global_ @ b.global_.T, 0, 2)


def part_distance(a: Descriptors, b: Descriptors) -> tuple[np.ndarray, np.ndarray]:
    """Visibility-weighted cosine distance (N, M) over parts, and mutual visibility (N, M) in [0, 1].

    Σ_k v_k w_k d_k / Σ_k v_k w_k with visibilities v of `a` and w of `b`; 0 where nothing is mutually visible.
    """
    count = a.parts.shape[1]
    weighted = np.zeros((len(a), len(b)), np.float32)
    total = np.zeros_like(weighted)
    for k in range(count):
        weight = a.visibility[:, k, None] * b.visibility[None, :, k]
        weighted += weight * np.clip(1 - a.parts[:, k] @ b.parts[:, k].T, 0, 2)
        total += weight
    mean = np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 1e-6)
    return mean, total / max(1, count)


def parts_alone_distance(a: Descriptors, b: Descriptors) -> np.ndarray:
    """For rankings by parts alone (N, M): pairs without a mutually visible part come last, at 2."""
    distance, mutual = part_distance(a, b)
    return np.where(mutual > 0, distance, 2)


def _block(a: Descriptors, b: Descriptors, config: DistanceConfig) -> tuple[np.ndarray, np.ndarray]:
    parts, mutual = part_distance(a, b)
    mutual = np.sqrt(mutual)  # the geometric mean: half seen in both counts half, not a quarter
    parts_weight = config.parts_share * mutual
    lacking = np.clip(1 - mutual / config.parts_enough, 0, 1)
    stripes_weight = config.stripes_share * lacking
    weighted = global_distance(a, b) + parts_weight * parts
    if config.stripes_share and a.stripes.shape[1] and (lacking > 0).any():
        weighted += stripes_weight * _spread(aligned_distance(a.stripes, b.stripes))
    else:
        stripes_weight = np.zeros_like(stripes_weight)
    quality = np.sqrt(a.quality[:, None] * b.quality[None])
    evidence = quality * (config.evidence_global + (1 - config.evidence_global) * mutual)
    return weighted / (1 + parts_weight + stripes_weight), evidence


def _spread(aligned: np.ndarray) -> np.ndarray:
    """Aligned distances on the scale of cosine distances: unrelated unit vectors are √2 apart, tanh(√2 / 2) = 0.609."""
    return aligned / np.float32(np.tanh(np.sqrt(2) / 2))


def _require_same_network(a: Descriptors, b: Descriptors) -> None:
    for name in ("global_", "parts", "stripes"):
        ours, theirs = getattr(a, name).shape[1:], getattr(b, name).shape[1:]
        if ours != theirs and len(a) and len(b):
            raise ShapeError(f"{name}: rows of {ours} and {theirs} cannot be compared; were they made by two networks?")
