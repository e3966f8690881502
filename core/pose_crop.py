"""The crop in which one person's joints are looked for: a window around the box, in the pose network's shape."""

import cv2
import numpy as np

HEIGHT_PX, WIDTH_PX = 128, 96  # the pose network's input
CONTEXT = 1.25  # window over box: hands, feet and hidden legs reach beyond it, and boxes are not exact
MAP_STRIDE = 4  # crop pixels per cell of a joint's map
MAP_ROWS, MAP_COLUMNS = HEIGHT_PX // MAP_STRIDE, WIDTH_PX // MAP_STRIDE
AROUND = 3  # cells around the likeliest one whose mean is the joint's place


def windows(boxes_xyxy: np.ndarray, context: float = CONTEXT) -> np.ndarray:
    """Windows (N, 3) around boxes (N, 4) px: centre x, y and height in px; as wide as the crop's shape asks for."""
    sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    height = context * np.maximum(sizes[:, 1], sizes[:, 0] * HEIGHT_PX / WIDTH_PX)
    return np.concatenate([(boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2, np.maximum(height, 1)[:, None]], 1)


def cut(image_bgr: np.ndarray, window: np.ndarray, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX) -> np.ndarray:
    """The crop (height_px, width_px, 3) of `window` (3,); what lies outside `image_bgr` (H, W, 3) is black.

    Much larger windows are halved first, so that thin limbs are averaged, not skipped.
    """
    x, y, height = (float(value) for value in window)
    scale, halved = height_px / height, image_bgr
    if scale <= 0.5:
        reach_x, reach_y = height * width_px / height_px / 2 + height / 16, height / 2 + height / 16
        left, top = max(0, int(x - reach_x)), max(0, int(y - reach_y))
        halved, x, y = image_bgr[top : int(y + reach_y) + 1, left : int(x + reach_x) + 1], x - left, y - top
        while scale <= 0.5 and min(halved.shape[:2]) > 1:
            rows, columns = halved.shape[0] // 2, halved.shape[1] // 2  # exact halves: a sixth of the time
            halved = cv2.resize(halved[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
            x, y, scale = x / 2, y / 2, scale * 2
    to_crop = np.array([[scale, 0, width_px / 2 - scale * x], [0, scale, height_px / 2 - scale * y]])
    return cv2.warpAffine(halved, to_crop, (width_px, height_px), flags=cv2.INTER_LINEAR)


def to_frame(places_px: np.ndarray, windows_xyh: np.ndarray) -> np.ndarray:
    """Places (N, J, 2) in crops, px, as places in the frame of their windows (N, 3)."""
    scale = windows_xyh[:, 2, None, None] / HEIGHT_PX
    return (places_px - (WIDTH_PX / 2, HEIGHT_PX / 2)) * scale + windows_xyh[:, None, :2]


def read_maps(maps: np.ndarray) -> np.ndarray:
    """Places (N, J, 2) in crop px of joints from logits (N, J, MAP_ROWS · MAP_COLUMNS).

    The mean over the cells around the likeliest one: the mean over all would lie between two guesses.
    """
    count, joints = maps.shape[:2]
    rows, columns = np.divmod(maps.argmax(2), MAP_COLUMNS)
    offsets = np.arange(-AROUND, AROUND + 1)
    near_rows, near_columns = rows[..., None] + offsets, columns[..., None] + offsets
    inside_rows, inside_columns = near_rows.clip(0, MAP_ROWS - 1), near_columns.clip(0, MAP_COLUMNS - 1)
    cell = inside_rows[..., :, None] * MAP_COLUMNS + inside_columns[..., None, :]
    there = (near_rows == inside_rows)[..., :, None] & (near_columns == inside_columns)[..., None, :]
    near = np.take_along_axis(maps, cell.reshape(count, joints, len(offsets) ** 2), 2).reshape(cell.shape)
    weights = np.exp(near - maps.max(2)[..., None, None]) * there
    weights /= weights.sum((2, 3), keepdims=True)
    x = (weights.sum(2) * near_columns).sum(2)
    y = (weights.sum(3) * near_rows).sum(2)
    return (np.stack([x, y], 2) + 0.5) * MAP_STRIDE - 0.5
