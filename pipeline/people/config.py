"""Every default of looking for people in photos."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeopleConfig:
    """How people are found in photos and in crops.

    image_size: longer side of a photo for the detector, px. score: boxes below are nobody. height_px: smaller people
    are left out. crop_size, crop_margin: a picture that is a crop of one person already is brought to crop_size with a
    border of crop_margin × its height around it, since the detector knows people in surroundings; chosen on rendered
    crops. crop_score: a box below does not lend its keypoints to a crop; low, since somebody is there, and the pose
    network tells what of them is seen. other_score: of people beside the main one, as in a video.
    """

    image_size: int = 512
    score: float = 0.4
    height_px: float = 32.0
    crop_size: int = 320
    crop_margin: float = 0.15
    crop_score: float = 0.05
    other_score: float = 0.2
