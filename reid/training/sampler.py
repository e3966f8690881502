"""P identities × K images per batch (Hermans et al. 2017), over as many cameras as each identity has."""

import numpy as np

from core.errors import InputError


class IdentitySampler:
    """Batches as a function of the step: nothing to save, nothing to restore."""

    def __init__(
        self, identity: np.ndarray, camera: np.ndarray, identities: int, images: int, balanced: bool, seed: int
    ) -> None:
        """identity, camera (n,). Identities with one crop cannot teach and are left out (`left_out` counts them).

        Raises InputError where fewer than `identities` remain.
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

    def batch(self, step: int) -> np.ndarray:
        """Rows (P · K,) int64 of batch `step`, grouped by identity; over an epoch each identity comes up once."""
        per_epoch = len(self._rows) // self._identities
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([self._seed, 1, epoch]).permutation(len(self._rows))
        chosen = order[place * self._identities : (place + 1) * self._identities]
        rng = np.random.default_rng([self._seed, 2, step])
        return np.concatenate([self._pick(self._rows[index], rng) for index in chosen])

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
