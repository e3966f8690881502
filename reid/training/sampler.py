"""P identities × K images per batch (Hermans et al. 2017), over as many cameras as each identity has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError


@dataclass(frozen=True, eq=False)
class LookAlikes:
    """neighbours (I, m) int64: by identity, those who look most like it; negative: nobody. group: how many who look
    alike come together, the first of them included."""

    neighbours: np.ndarray
    group: int


class IdentitySampler:
    """Batches as a function of the step: nothing to save, nothing to restore."""

    def __init__(
        self,
        identity: np.ndarray,
        camera: np.ndarray,
        identities: int,
        images: int,
        balanced: bool,
        seed: int,
        alike: LookAlikes | None = None,
    ) -> None:
        """identity, camera (n,). Identities with one crop cannot teach and are left out (`left_out` counts them).

        alike: who comes together, None for chance. Raises InputError where fewer than `identities` remain.
        """
        order = np.argsort(identity, kind="stable")
        names, starts = np.unique(identity[order], return_index=True)
        rows = np.split(order, starts[1:])
        self._rows = [row for row in rows if len(row) > 1]
        self.left_out = len(names) - len(self._rows)
        self.count = len(self._rows)
        if len(self._rows) < identities:
            raise InputError(
                f"training set: expected at least {identities} identities with two crops, got {len(self._rows)}; "
                "render more or lower schedule.identities"
            )
        self._camera, self._images, self._identities = camera, images, identities
        self._balanced, self._seed = balanced, seed
        self._alike = alike
        kept = names[[len(row) > 1 for row in rows]]
        self._name, self._place = kept, {int(name): place for place, name in enumerate(kept)}

    def batch(self, step: int) -> np.ndarray:
        """Rows (P · K,) int64 of batch `step`, grouped by identity; over an epoch each identity comes up once, with
        look-alikes: once as the first of a group."""
        firsts = self._identities if self._alike is None else -(-self._identities // self._alike.group)
        per_epoch = len(self._rows) // firsts
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([self._seed, 1, epoch]).permutation(len(self._rows))
        chosen: Sequence[int] = order[place * firsts : (place + 1) * firsts].tolist()
        if self._alike is not None:
            chosen = self._joined(chosen, order, self._alike, np.random.default_rng([self._seed, 4, step]))
        rng = np.random.default_rng([self._seed, 2, step])
        return np.concatenate([self._pick(self._rows[index], rng) for index in chosen])

    def _joined(
        self, firsts: Sequence[int], order: np.ndarray, alike: LookAlikes, rng: np.random.Generator
    ) -> list[int]:
        """P places: each of `firsts` with some of those who look like it, nobody twice; made up by others."""
        chosen = dict.fromkeys(firsts)
        for first in firsts:
            near = [self._place.get(int(name)) for name in rng.permutation(alike.neighbours[self._name[first]])]
            able = [place for place in near if place is not None and place not in chosen]
            chosen.update(dict.fromkeys(able[: alike.group - 1]))
        chosen.update(dict.fromkeys(order.tolist()))
        return list(chosen)[: self._identities]

    def _pick(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """K of an identity's crops: one camera after the other where balanced; repeated where there are fewer."""
        shuffled = rng.permutation(rows)
        if self._balanced:
            turn = np.zeros(len(shuffled), np.int64)
            seen: dict[int, int] = {}
            for index, camera in enumerate(self._camera[shuffled].tolist()):
                turn[index] = seen[camera] = seen.get(camera, -1) + 1
            shuffled = shuffled[np.argsort(turn, kind="stable")]
        return np.resize(shuffled, self._images)
