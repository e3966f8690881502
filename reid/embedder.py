"""Crops and their keypoints to descriptors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import ShapeError, WeightsError
from core.types import Descriptors
from reid.backends import Backend, open_backend
from reid.card import Card, folder_of
from reid.crops import QualityConfig, quality, resized, sizes_px
from reid.network.config import NetworkConfig
from reid.parts import PartsConfig, part_masks


class Embedder:
    """A loaded network with everything around it. A crop's descriptor never depends on the other crops."""

    def __init__(
        self,
        network: NetworkConfig,
        identifier: str,
        backend: Backend,
        parts: PartsConfig | None = None,
        quality_config: QualityConfig | None = None,
    ) -> None:
        self.network = network
        self.identifier = identifier
        self._backend = backend
        self._parts = parts or PartsConfig()
        self._quality = quality_config or QualityConfig()

    @classmethod
    def open(cls, weights: str | Path = "bundled", device: str = "auto", threads: int = 0) -> "Embedder":
        """Open a folder that `python -m reid export` wrote, or the bundled one.

        device: auto, cpu (OpenVINO), cuda, cuda:N or mps (PyTorch). threads: of the CPU, 0 for all. Raises WeightsError
        (missing, corrupt, another task, wrong checksum), SettingError (a device this machine has not).
        """
        folder = folder_of(weights)
        card = Card.read(folder)
        return cls(card.network, card.identifier, open_backend(folder, card, device, threads))

    @property
    def input_height(self) -> int:
        """Of the network, px."""
        return self.network.input_height

    @property
    def input_width(self) -> int:
        """Of the network, px."""
        return self.network.input_width

    def embed(
        self,
        crops_bgr: Sequence[np.ndarray],
        keypoints_xyc: np.ndarray | None = None,
        others_xyc: Sequence[np.ndarray] | None = None,
    ) -> Descriptors:
        """Descriptors of crops (h, w, 3) uint8 BGR of any size.

        keypoints_xyc (N, 17, 3): px of each crop and confidence; None where there are none: parts are then unseen.
        others_xyc: per crop the skeletons (M_i, 17, 3) of other people in it, who then hardly count, or None. No crops
        give no rows. Raises ShapeError, WeightsError (a network that gives NaN or infinity).
        """
        if keypoints_xyc is not None and len(keypoints_xyc) != len(crops_bgr):
            raise ShapeError(f"keypoints_xyc: expected {len(crops_bgr)} rows, one per crop, got {len(keypoints_xyc)}")
        pictures = resized(crops_bgr, self.input_height, self.input_width)
        sizes = sizes_px(crops_bgr)
        found = part_masks(keypoints_xyc, others_xyc, sizes, self.network.parts, self.network.grid, self._parts)
        global_, parts, stripes = self._backend.run(pictures, found.masks, found.owned)
        seen = None if keypoints_xyc is None else found.visibility
        parts = np.where(found.visibility[..., None] > 0, parts, 0)
        if not all(np.isfinite(vectors).all() for vectors in (global_, parts, stripes)):
            raise WeightsError(
                f"{self.identifier}: gives vectors with NaN or infinity; did the training that its weights are from "
                "diverge? Train again, with a lower schedule.learning_rate"
            )
        return Descriptors(global_, parts, found.visibility, stripes, quality(pictures, sizes, seen, self._quality))
