"""What re-ranking and query expansion do to a trial's scores.

Both work on vectors, and the fused distance is none. So the neighbourhoods, that is who is near whom, come from the
global vectors, which every crop has; what is refined is then fused with the distance's own share. How expansion treats
the ingredients of the fused distance is said in `reid.query_expansion`.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from core.types import Descriptors
from reid.distance.appearance import appearance_distance, global_distance
from reid.evaluation import Trial, trial_scores
from reid.query_expansion import WEIGHTED, ExpansionConfig, expanded
from reid.reranking import RerankingConfig, k_reciprocal
from reid.retrieval import RetrievalScores

_EXPANDED = ("global", "parts", "fused")


@dataclass(frozen=True)
class RefinementConfig:
    """re_rank: whether. expand: gallery entries that join a query, 0 for no expansion."""

    re_rank: bool = False
    expand: int = 0


def refined_scores(trial: Trial, config: RefinementConfig) -> dict[str, RetrievalScores]:
    """Scores by name, what was refined right behind what it was made from. Raises SettingError, ShapeError."""
    plain = trial_scores(trial)
    found = {name: {name: scores} for name, scores in plain.items()}
    if config.expand:
        names = [name for name in _EXPANDED if name in found]
        for word, power in (("mean", 0.0), (f"α = {WEIGHTED:g}", WEIGHTED)):
            query = expanded(trial.query, trial.gallery, ExpansionConfig(config.expand, power))
            for name, scores in trial_scores(dataclasses.replace(trial, query=query), names).items():
                found[name][f"{name}, expanded by {config.expand}, {word}"] = scores
    if config.re_rank:
        for name, distance in re_ranked(trial.query, trial.gallery).items():
            found[name][f"{name}, re-ranked"] = trial.scores(distance)
    return {name: scores for group in found.values() for name, scores in group.items()}


def re_ranked(query: Descriptors, gallery: Descriptors, config: RerankingConfig | None = None) -> dict[str, np.ndarray]:
    """Distances (Q, G) float32 by name: `global` as Zhong et al. have it, and `fused`.

    fused: (1 − λ)·Jaccard + λ·2·d, with the Jaccard distance of the global vectors' neighbourhoods and d the fused
    distance, which is on the scale of a cosine distance: 2·d is what a squared Euclidean distance of unit vectors would
    be, so where d is the global distance both are the same.
    """
    config = config or RerankingConfig()
    base = k_reciprocal(query.global_, gallery.global_, config)
    more = appearance_distance(query, gallery)[0] - global_distance(query, gallery)
    return {"global": base, "fused": base + np.float32(2 * config.original_share) * more}
