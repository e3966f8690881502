"""Scores of a ranking: cumulative matching characteristic, mean average precision, mINP."""

from dataclasses import dataclass

import numpy as np

from core.errors import ShapeError


@dataclass(frozen=True)
class RetrievalScores:
    """queries: with at least one match. cmc (R,): share of queries with a match among the first r + 1. All in [0, 1].

    mean_ap: mean average precision (Zheng et al. 2015). mean_inp: mean inverse negative penalty (Ye et al., AGW 2021),
    matches ÷ rank of the last match.
    """

    queries: int
    cmc: np.ndarray
    mean_ap: float
    mean_inp: float

    @property
    def rank1(self) -> float:
        """Share of queries whose nearest is right."""
        return float(self.cmc[0])


def retrieval_scores(
    distance: np.ndarray,
    query_identity: np.ndarray,
    query_camera: np.ndarray,
    gallery_identity: np.ndarray,
    gallery_camera: np.ndarray,
    ranks: int = 20,
) -> RetrievalScores:
    """Scores of a distance matrix (Q, G), the rest (Q,) and (G,). Ties keep gallery order.

    Gallery entries of the query's identity in the query's camera are ignored; queries without a match are left out. No
    query with a match gives zeros. Raises ShapeError for a wrong shape or a distance that is not finite.
    """
    shape = (len(query_identity), len(gallery_identity))
    if distance.shape != shape:
        raise ShapeError(f"distance: expected {shape}, queries × gallery, got {distance.shape}")
    if broken := int((~np.isfinite(distance)).any(axis=1).sum()):
        raise ShapeError(
            f"distance: expected finite numbers, got NaN or infinity for {broken} of {shape[0]} queries; are there "
            "such numbers in the features?"
        )
    hits_by_rank, precisions, inverse = np.zeros(ranks), [], []
    for row in range(shape[0]):
        ignored = (gallery_identity == query_identity[row]) & (gallery_camera == query_camera[row])
        order = np.argsort(distance[row, ~ignored], kind="stable")
        matches = np.flatnonzero((gallery_identity[~ignored] == query_identity[row])[order])
        if not len(matches):
            continue
        hits_by_rank[matches[0] :] += 1
        precisions.append(((np.arange(len(matches)) + 1) / (matches + 1)).mean())
        inverse.append(len(matches) / (matches[-1] + 1))
    count = len(precisions)
    if not count:
        return RetrievalScores(0, hits_by_rank, 0.0, 0.0)
    return RetrievalScores(count, hits_by_rank / count, float(np.mean(precisions)), float(np.mean(inverse)))


def first_per_camera(identity: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Rows of the queries: the first image of each identity in each camera."""
    _, rows = np.unique(np.stack([identity, camera], axis=1), axis=0, return_index=True)
    return np.sort(rows)
