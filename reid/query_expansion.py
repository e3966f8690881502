"""Query expansion: a query and its nearest gallery entries together ask again.

Average query expansion (Chum et al., 'Total recall', ICCV 2007; here without spatial verification, as is usual for one
vector per picture) and its weighted form, αQE (Radenović et al., 'Fine-tuning CNN image retrieval with no human
annotation', TPAMI 2018): an entry counts by its similarity to the query to the power α, the query itself by 1. α = 0 is
the average.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import SettingError, ShapeError
from core.types import Descriptors
from reid.pooling import merged

WEIGHTED = 3.0  # the paper's α


@dataclass(frozen=True)
class ExpansionConfig:
    """neighbours: gallery entries that join a query, at least 1. power: α. block_rows: queries ranked at once."""

    neighbours: int = 5
    power: float = 0.0
    block_rows: int = 512

    def __post_init__(self) -> None:
        """Refuse what is no expansion."""
        if self.neighbours < 1 or self.power < 0:
            raise SettingError(f"query expansion: expected neighbours ≥ 1 and a power ≥ 0, got {self}")


def expanded(query: Descriptors, gallery: Descriptors, config: ExpansionConfig | None = None) -> Descriptors:
    """Queries (Q rows) after one round of expansion over the whole gallery; the gallery stays as it is.

    The fused distance is no vector that could be averaged, so its ingredients are: who joins and how much is decided by
    the cosine similarity of the global vectors (below 0 counts as 0); then global, parts (by visibility too) and
    stripes are each summed, and every distance is taken between the new queries and the gallery. The quality stays the
    query's: evidence is about the picture that was given. Ties take the lower index. An empty gallery changes nothing.
    Raises ShapeError for descriptors of two networks or vectors that are not finite.
    """
    config = config or ExpansionConfig()
    if not len(query) or not len(gallery):
        return query
    if query.global_.shape[1] != gallery.global_.shape[1]:
        shapes = query.global_.shape, gallery.global_.shape
        raise ShapeError(f"query and gallery: expected vectors of one network, got {shapes[0]} and {shapes[1]}")
    if not np.isfinite(query.global_).all() or not np.isfinite(gallery.global_).all():
        raise ShapeError("query and gallery: expected finite vectors, got NaN or infinity")
    rows = []
    for first in range(0, len(query), config.block_rows):
        block = query[first : first + config.block_rows]
        similarity = block.global_ @ gallery.global_.T
        order = np.argsort(-similarity, axis=1, kind="stable")[:, : config.neighbours]
        for row, nearest in enumerate(order):
            weights = np.maximum(similarity[row, nearest], 0).astype(np.float64) ** config.power
            together = Descriptors.concatenate([block[row : row + 1], gallery[nearest]])
            rows.append(merged(together, np.concatenate([[1.0], weights])))
    new = Descriptors.concatenate(rows)
    return Descriptors(new.global_, new.parts, new.visibility, new.stripes, query.quality)
