"""The training loss: Ultralytics' own, but a joint's confidence says that it is visible.

The stock loss teaches the confidence whether a joint is labelled at all. Rendered people have their hidden joints
labelled too (1, where 2 is visible), so that the network learns where they must be; taught that way it was as sure of
them as of the visible ones, and parts that somebody else hides were compared as if they were seen.
"""

import torch
from torch.nn.functional import pad
from ultralytics.utils.loss import PoseLoss26

VISIBLE = 2


class VisiblePoseLoss(PoseLoss26):
    """`PoseLoss26` whose third term compares the confidence with the label's visibility."""

    @staticmethod
    def kpts_decode(anchor_points: torch.Tensor, pred_kpts: torch.Tensor) -> torch.Tensor:
        """The stock places, by one sum: going back through the stock in-place writes was an eighth of a CPU step.

        anchor_points: (anchors, 2); pred_kpts: (N, anchors, 17, 2 or more), of which the first two are moved.
        """
        return pred_kpts + pad(anchor_points, (0, pred_kpts.shape[-1] - 2))[:, None]

    def calculate_keypoints_loss(  # type: ignore[override]  # theirs differs from its parent's in the same way
        self,
        masks: torch.Tensor,
        target_gt_idx: torch.Tensor,
        keypoints: torch.Tensor,
        stride_tensor: torch.Tensor,
        target_bboxes: torch.Tensor,
        pred_kpts: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Losses of place, of confidence, and of the places' likelihood; arguments as in `PoseLoss26`."""
        place, confidence, likelihood = super().calculate_keypoints_loss(
            masks, target_gt_idx, keypoints, stride_tensor, target_bboxes, pred_kpts
        )
        if masks.any():
            labels = keypoints[masks.nonzero(as_tuple=True)[0], target_gt_idx[masks]][..., 2]
            confidence = self.bce_pose(pred_kpts[masks][..., 2], (labels == VISIBLE).float())
        return place, confidence, likelihood
