"""The ways to train that `benchmarks.reid_losses` compares: which terms one student minimises, and what it is told.

Metric losses see distances of unit vectors, so that one margin means the same to all of them; margins are the papers'.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from reid.losses.aligned import aligned_triplet
from reid.losses.batch_hard import batch_hard_triplet, margin_sample_mining, soft_batch_hard_triplet
from reid.losses.classification import smoothed_cross_entropy
from reid.losses.contrastive import contrastive
from reid.losses.darkrank import hard_darkrank, scores, soft_darkrank
from reid.losses.distances import euclidean
from reid.losses.distillation import distillation, mutual_learning
from reid.losses.improved_triplet import improved_triplet
from reid.losses.metric_mutual import metric_mutual
from reid.losses.parts import part_averaged_triplet
from reid.losses.quadruplet import quadruplet
from reid.losses.supervised_contrastive import supervised_contrastive
from reid.losses.triplet import triplet
from reid.network.head import Branches
from reid.training.batches import Batch

LISTED = 5  # candidates of a DarkRank list


@dataclass(frozen=True, eq=False)
class View:
    """What one network says about a batch: branches, logits (N, C), and distances (N, N) of its unit vectors."""

    branches: Branches
    logits: torch.Tensor
    distance: torch.Tensor
    batch: Batch

    @classmethod
    def of(cls, branches: Branches, classifier: torch.nn.Module, batch: Batch) -> "View":
        """Distances are those of the vectors before the BN neck."""
        unit = functional.normalize(branches.metric, dim=1)
        return cls(branches, classifier(branches.global_), euclidean(unit, unit), batch)


def _aligned(view: View) -> torch.Tensor:
    stripes = functional.normalize(view.branches.stripes, dim=2)
    return aligned_triplet(view.distance, stripes, view.batch.identities, 0.1)


def _parts(view: View) -> torch.Tensor:
    parts = functional.normalize(view.branches.parts, dim=2)
    return part_averaged_triplet(parts, view.batch.visibility, view.batch.identities, 0.3)


TERMS: Mapping[str, Callable[[View], torch.Tensor]] = {
    "classification": lambda v: smoothed_cross_entropy(v.logits, v.batch.identities),
    "contrastive": lambda v: contrastive(v.distance, v.batch.identities),
    "triplet": lambda v: triplet(v.distance, v.batch.identities, 0.3),
    "improved triplet": lambda v: improved_triplet(v.distance, v.batch.identities),
    "quadruplet": lambda v: quadruplet(v.distance, v.batch.identities),
    "batch-hard": lambda v: batch_hard_triplet(v.distance, v.batch.identities, 0.3),
    "batch-hard, soft margin": lambda v: batch_hard_triplet(v.distance, v.batch.identities, None),
    "soft batch-hard": lambda v: soft_batch_hard_triplet(v.distance, v.batch.identities, 0.3),
    "margin sample mining": lambda v: margin_sample_mining(v.distance, v.batch.identities, 0.3),
    "supervised contrastive": lambda v: supervised_contrastive(v.distance.square() / 2, v.batch.identities),
    "aligned stripes": _aligned,
    "parts": _parts,
}


def _lists(distance: torch.Tensor) -> torch.Tensor:
    """DarkRank lists (N, LISTED): of each sample, the similarity to its neighbours in the batch, of which at least one
    is the same person (identities stand together), and to others from all over it."""
    count = len(distance)
    strided = torch.arange(1, LISTED - 1) * (count // (LISTED - 1))
    columns = (torch.arange(count)[:, None] + torch.cat([torch.tensor([1, -1]), strided])) % count
    return scores(distance.gather(1, columns))


# What a student is told by another network: by its fellow, who learns at the same time, or by a finished teacher.
TOLD: Mapping[str, Callable[[View, View], torch.Tensor]] = {
    "mutual classes": lambda own, other: mutual_learning(own.logits, other.logits),
    # Of the symmetric loss each student follows the half that ZG leaves it.
    "mutual distances": lambda own, other: metric_mutual(own.distance, other.distance.detach()),
    "distillation": lambda own, other: distillation(own.logits, other.logits),
    "hard DarkRank": lambda own, other: hard_darkrank(_lists(own.distance), _lists(other.distance)),
    "soft DarkRank": lambda own, other: soft_darkrank(_lists(own.distance), _lists(other.distance)),
}


@dataclass(frozen=True)
class Scheme:
    """terms: of each student alone, names of TERMS. told: names of TOLD. students: 1 or 2. teacher: a finished one."""

    terms: tuple[str, ...]
    told: tuple[str, ...] = ()
    students: int = 1
    teacher: bool = False

    @property
    def local(self) -> bool:
        """Whether it differs from another scheme by parts or stripes alone, which teach a global head nothing."""
        return bool({"aligned stripes", "parts"} & set(self.terms))

    @property
    def name(self) -> str:
        """As it stands in the table."""
        who = {(1, False): "", (2, False): "two students: ", (1, True): "with a teacher: "}[self.students, self.teacher]
        return who + " + ".join((*self.terms, *self.told))


_ALONE = ("classification", *(name for name in TERMS if name not in ("classification", "aligned stripes", "parts")))
_BOTH = ("classification", "batch-hard")
SCHEMES: tuple[Scheme, ...] = (
    *(Scheme((name,)) for name in _ALONE),
    Scheme(("contrastive", "quadruplet")),  # the 'what if': an absolute and a relative bound together
    Scheme(("classification", "triplet")),
    Scheme(("classification", "quadruplet")),
    Scheme(_BOTH),
    Scheme(("classification", "soft batch-hard")),
    Scheme(("classification", "margin sample mining")),
    Scheme(("classification", "supervised contrastive")),
    Scheme((*_BOTH, "aligned stripes")),
    Scheme((*_BOTH, "parts")),
    Scheme(("classification",), ("mutual classes",), students=2),
    Scheme(_BOTH, ("mutual classes",), students=2),
    Scheme(_BOTH, ("mutual classes", "mutual distances"), students=2),
    Scheme(_BOTH, ("distillation",), teacher=True),
    Scheme(_BOTH, ("hard DarkRank",), teacher=True),
    Scheme(_BOTH, ("soft DarkRank",), teacher=True),
)
