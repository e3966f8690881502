"""Crops to train on, from shards or from a folder of pictures."""

from pathlib import Path

import numpy as np

from core.pictures import read_bgr
from reid.data.folders import PictureFolder
from reid.data.layouts import layout_of
from reid.data.shards import Sample, ShardSet, is_shards


class PictureSet:
    """Pictures in the shape of a ShardSet. Nobody marked joints in them: each sample's have confidence 0.

    identity (n,) int64 counts the folder's identities from 0; camera (n,) int64. source: the layout. A picture is read
    from disk whenever it is asked for.
    """

    def __init__(self, folder: PictureFolder, source: str) -> None:
        names, self.identity = np.unique(folder.identity, return_inverse=True)
        self.identities = len(names)
        self.camera = folder.camera
        self.paths = folder.paths
        self.source = source

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Sample:
        """Raises InputError for a picture that cannot be read."""
        unseen = np.zeros((17, 3), np.float32)
        return Sample(read_bgr(self.paths[index]), unseen, unseen)


Crops = ShardSet | PictureSet


def open_crops(folder: Path) -> Crops:
    """The training crops of `folder`: shards, or the training pictures of a known layout. Raises InputError."""
    if is_shards(folder):
        return ShardSet(folder)
    layout = layout_of(folder)
    return PictureSet(layout.train(folder), layout.name)


def about(crops: Crops, images: int, parts: int) -> list[str]:
    """What a training on `crops` should be told, in words. images: K of a batch; parts: of the network."""
    lines = []
    counts = np.bincount(crops.identity, minlength=crops.identities)
    if single := int((counts == 1).sum()):
        lines.append(f"left out {single} identities with a single crop")
    if repeated := int(((counts > 1) & (counts < images)).sum()):
        lines.append(f"{repeated} identities have fewer than {images} crops: those are repeated within a batch")
    if len(np.unique(crops.camera)) == 1:
        lines.append("all crops are from one camera: nothing teaches to know people from another one")
    if isinstance(crops, PictureSet):
        lines.append(f"{len(crops)} pictures ({crops.source})")
        if parts:
            lines.append("no keypoints: the part branch learns nothing; network.parts = 0 leaves it out")
    return lines
