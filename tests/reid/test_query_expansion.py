"""Query expansion and re-ranking of the fused distance, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingError, ShapeError
from core.types import Descriptors
from reid.distance import appearance_distance
from reid.evaluation import Trial
from reid.query_expansion import ExpansionConfig, expanded
from reid.refinement import RefinementConfig, re_ranked, refined_scores
from reid.reranking import RerankingConfig
from tests.reid.test_distance import changed, descriptors
from tests.reid.test_reranking import transcription


@pytest.mark.parametrize(("count", "power"), [(1, 0.0), (4, 0.0), (4, 3.0), (50, 1.5)])
def test_equals_a_loop_over_queries(count: int, power: float) -> None:
    query, gallery = descriptors(6, 1, quality=0.4), descriptors(9, 2)
    found = expanded(query, gallery, ExpansionConfig(count, power, block_rows=4))
    for q in range(6):
        similarity = [float(query.global_[q] @ gallery.global_[g]) for g in range(9)]
        order = sorted(range(9), key=lambda g, s=similarity: (-s[g], g))[:count]
        total = query.global_[q].astype(np.float64)
        part = query.visibility[q, 2] * query.parts[q, 2].astype(np.float64)
        stripe = query.stripes[q, 1].astype(np.float64)
        for g in order:
            weight = max(similarity[g], 0.0) ** power
            total = total + weight * gallery.global_[g]
            part = part + weight * gallery.visibility[g, 2] * gallery.parts[g, 2]
            stripe = stripe + weight * gallery.stripes[g, 1]
        np.testing.assert_allclose(found.global_[q], total / np.linalg.norm(total), atol=1e-5)
        np.testing.assert_allclose(found.parts[q, 2], part / np.linalg.norm(part), atol=1e-5)
        np.testing.assert_allclose(found.stripes[q, 1], stripe / np.linalg.norm(stripe), atol=1e-5)
    np.testing.assert_array_equal(found.quality, query.quality)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(1, 7), st.floats(0, 5))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_any_size_gives_unit_vectors(queries: int, entries: int, count: int, power: float) -> None:
    query = descriptors(queries, 3)
    found = expanded(query, descriptors(entries, 4), ExpansionConfig(count, power))
    assert found.parts.shape == query.parts.shape
    np.testing.assert_allclose(np.linalg.norm(found.global_, axis=1), 1, atol=1e-5)


def test_what_is_no_expansion_is_refused() -> None:
    for values in ({"neighbours": 0}, {"power": -1.0}):
        with pytest.raises(SettingError, match="query expansion"):
            ExpansionConfig(**values)
    query = descriptors(2, 5)
    with pytest.raises(ShapeError, match="one network"):
        expanded(query, changed(query, global_=query.global_[:, :3]))
    with pytest.raises(ShapeError, match="finite"):
        expanded(query, changed(query, global_=query.global_ * np.nan))


def test_re_ranked_global_is_the_papers_and_fused_keeps_its_own_share() -> None:
    query, gallery = descriptors(4, 6), descriptors(15, 7)
    config = RerankingConfig(neighbours=5, expansion=3)
    found = re_ranked(query, gallery, config)
    whole = transcription(query.global_, gallery.global_, 5, 3, 0.3)
    np.testing.assert_allclose(found["global"], whole, atol=1e-5)
    jaccard = transcription(query.global_, gallery.global_, 5, 3, 0.0)
    fused = appearance_distance(query, gallery)[0]
    np.testing.assert_allclose(found["fused"], 0.7 * jaccard + 0.3 * 2 * fused, atol=1e-5)


def test_parts_that_one_side_does_not_show_are_not_scored_expanded_or_not() -> None:
    query, gallery = descriptors(4, 6), descriptors(12, 7)
    blind = Descriptors(query.global_, query.parts * 0, query.visibility * 0, query.stripes, query.quality)
    labels = np.arange(4), np.zeros(4, int), np.arange(12) % 4, np.ones(12, int)
    for asked, shows in ((query, True), (blind, False)):
        trial = Trial("made", asked, *labels[:2], gallery, *labels[2:])
        names = list(refined_scores(trial, RefinementConfig(expand=2)))
        assert trial.shows_parts is shows
        assert any(name.startswith("parts") for name in names) is shows
        assert "fused, expanded by 2, mean" in names


def test_refined_scores_stand_behind_what_they_were_made_from() -> None:
    query, gallery = descriptors(4, 6), descriptors(12, 7)
    labels = np.arange(4), np.zeros(4, int), np.arange(12) % 4, np.ones(12, int)
    trial = Trial("made", query, *labels[:2], gallery, *labels[2:])
    names = list(refined_scores(trial, RefinementConfig(re_rank=True, expand=2)))
    assert names[:4] == [
        "global", "global, expanded by 2, mean", "global, expanded by 2, α = 3", "global, re-ranked",
    ]  # fmt: skip
    assert names[-1] == "fused, re-ranked"
    assert list(refined_scores(trial, RefinementConfig())) == ["global", "stripes", "aligned", "parts", "fused"]
