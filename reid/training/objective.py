"""What a training minimises: the weighted sum of the recipe's losses on the branches of the network."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from reid.losses.aligned import aligned_triplet
from reid.losses.attributes import attribute_cross_entropy
from reid.losses.batch_hard import batch_hard_triplet
from reid.losses.classification import smoothed_cross_entropy
from reid.losses.distances import cosine, euclidean
from reid.losses.parts import part_averaged_contrastive, part_averaged_triplet
from reid.losses.supervised_contrastive import supervised_contrastive
from reid.network.head import Branches
from reid.training.batches import Batch
from reid.training.recipe import LossConfig


class Objective(nn.Module):
    """Holds the classifiers, of identities and of what is worn, which are thrown away after training."""

    def __init__(
        self, embedding: int, classes: int, config: LossConfig, seed: int, answers: Sequence[int] = ()
    ) -> None:
        """answers: how many values each attribute has."""
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.classifier = nn.Linear(embedding, classes, bias=False)
            nn.init.normal_(self.classifier.weight, std=0.01)
            self.wardrobe = nn.ModuleList(nn.Linear(embedding, count) for count in answers)

    def forward(self, branches: Branches, batch: Batch) -> dict[str, torch.Tensor]:
        """The terms, unweighted; a weight of 0 leaves its term out."""
        config, terms = self.config, {}
        if config.classification:
            logits = self.classifier(branches.global_)
            terms["classification"] = smoothed_cross_entropy(logits, batch.identities, config.smoothing)
        distance = euclidean(branches.metric, branches.metric)
        if config.triplet:
            terms["triplet"] = batch_hard_triplet(distance, batch.identities, _margin(config.margin))
        if config.parts and branches.parts.shape[1]:
            parts = functional.normalize(branches.parts, dim=2)
            terms["parts"] = part_averaged_triplet(
                parts, batch.visibility, batch.identities, _margin(config.part_margin)
            )
        if config.contrast:
            apart = cosine(branches.global_, branches.global_)
            terms["contrast"] = supervised_contrastive(apart, batch.identities, config.temperature)
        if config.part_contrast and branches.parts.shape[1]:
            terms["part_contrast"] = part_averaged_contrastive(
                branches.parts, batch.visibility, batch.identities, config.temperature
            )
        if config.stripes:
            stripes = functional.normalize(branches.stripes, dim=2)
            terms["stripes"] = aligned_triplet(distance, stripes, batch.identities, _margin(config.stripe_margin))
        if config.attributes:
            answers = [one(branches.global_) for one in self.wardrobe]
            terms["attributes"] = attribute_cross_entropy(answers, batch.attributes)
        return terms

    def total(self, terms: dict[str, torch.Tensor]) -> torch.Tensor:
        """Weighted sum."""
        weighted = [getattr(self.config, name) * value for name, value in terms.items()]
        return torch.stack(weighted).sum()


def _margin(value: float) -> float | None:
    return None if value < 0 else value
