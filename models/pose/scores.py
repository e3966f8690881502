"""How well the network does on crops around true boxes: object keypoint similarity (OKS), as of COCO."""

import numpy as np
import torch

from core.pose_crop import HEIGHT_PX, read_maps, windows
from evaluation.keypoints import AREA_OF_BOX, SIGMAS
from evaluation.reliability import VISIBLE
from models.pose.augmentation import Augmentation
from models.pose.crops import Crops
from models.pose.network import PoseNetwork

BATCH = 128


def scores(network: PoseNetwork, crops: Crops) -> dict[str, float]:
    """Mean OKS, the share of people with 0.5 or more, and of joints whose visibility is told right at 0.5."""
    network.eval()
    similar, right = [], []
    random = np.random.default_rng(0)
    for first in range(0, len(crops), BATCH):
        rows = np.arange(first, min(first + BATCH, len(crops)))
        inputs, joints, _ = crops.batch(rows, Augmentation(plain=1.0), random)
        with torch.inference_mode():
            maps, visible = network(inputs)
        scale = HEIGHT_PX / windows(crops.boxes[rows])[:, 2]
        sides = (crops.boxes[rows, 2:] - crops.boxes[rows, :2]) * scale[:, None]
        similar.append(oks(read_maps(maps.numpy()), joints.numpy(), sides.prod(1)))
        right.append((visible.numpy() > 0) == (joints[..., 2].numpy() == VISIBLE))
    of_all = np.concatenate(similar)
    return {"OKS": of_all.mean(), "OKS>=0.5": (of_all >= 0.5).mean(), "visible": np.concatenate(right).mean()}


def oks(places: np.ndarray, joints_xyv: np.ndarray, box_areas: np.ndarray) -> np.ndarray:
    """OKS (N,) of places (N, 17, 2) px; joints (N, 17, 3) px, v above 0 where labelled; areas (N,) of boxes in px²."""
    apart = ((places - joints_xyv[..., :2]) ** 2).sum(2)
    labelled = joints_xyv[..., 2] > 0
    similar = np.exp(-apart / (2 * AREA_OF_BOX * box_areas[:, None] * (2 * SIGMAS) ** 2))
    return (similar * labelled).sum(1) / labelled.sum(1)
