"""A set of crops on disk, and batches of it as the network takes them."""

from pathlib import Path

import numpy as np
import torch

from models.pose.augmentation import Augmentation, augmented


class Crops:
    """A set that `models.pose.dataset` wrote; crops stay on disk until they are used."""

    def __init__(self, folder: Path) -> None:
        self.crops = np.load(folder / "crops.npy", mmap_mode="r")
        labels = np.load(folder / "labels.npz")
        self.boxes, self.joints, self.certain = labels["boxes_xyxy"], labels["joints_xyv"], labels["certain"]

    def __len__(self) -> int:
        return len(self.crops)

    def batch(
        self, rows: np.ndarray, config: Augmentation, random: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Inputs (N, 3, 128, 96) RGB in [0, 1], joints (N, 17, 3) and whether their visibility is known (N,)."""
        others = random.integers(0, len(self.crops), len(rows))
        made = [
            augmented(self.crops[row], self.boxes[row], self.joints[row], self.crops[other], config, random)
            for row, other in zip(rows, others, strict=True)
        ]
        pictures = np.stack([picture[:, :, ::-1] for picture, _ in made])
        inputs = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255  # channels last, as convolutions like it
        joints = torch.from_numpy(np.stack([joints for _, joints in made])).float()
        return inputs, joints, torch.from_numpy(self.certain[rows])
