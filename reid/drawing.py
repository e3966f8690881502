"""Pictures to look at: ranked lists, and the part masks of a crop."""

from collections.abc import Sequence

import cv2
import numpy as np

from reid.parts.shapes import PARTS

TILE_HEIGHT, TILE_WIDTH, GAP, CAPTION_PX = 192, 96, 6, 18
QUERY_BGR, RIGHT_BGR, WRONG_BGR, PLAIN_BGR = (200, 120, 0), (60, 160, 60), (50, 50, 220), (160, 160, 160)
# Okabe and Ito's colours, told apart by colour-blind people too (BGR).
PART_BGR = (
    (0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204),
    (120, 120, 120),
)  # fmt: skip


def ranked_list(
    queries_bgr: Sequence[np.ndarray],
    hits_bgr: Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool | None] | None = None,
) -> np.ndarray:
    """One row (h, w, 3) uint8 BGR: queries in blue frames, then hits with their captions.

    right: per hit whether it is the same person (green or red frame), None where nobody knows (grey).
    """
    known = right or [None] * len(hits_bgr)
    tiles = [_tile(image, "query", QUERY_BGR) for image in queries_bgr]
    for image, caption, one in zip(hits_bgr, captions, known, strict=True):
        colour = PLAIN_BGR if one is None else RIGHT_BGR if one else WRONG_BGR
        tiles.append(_tile(image, caption, colour))
    return np.concatenate(tiles, axis=1)


def stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows below each other on white, the shorter ones filled on the right. At least one row."""
    width = max(row.shape[1] for row in rows)
    filled = [cv2.copyMakeBorder(r, 0, 0, 0, width - r.shape[1], cv2.BORDER_CONSTANT, value=(255,) * 3) for r in rows]
    return np.concatenate(filled, axis=0)


def masked(crop_bgr: np.ndarray, masks: np.ndarray, visibility: np.ndarray, keypoints_xyc: np.ndarray) -> np.ndarray:
    """One row (h, w, 3) uint8: the crop with its joints, all parts coloured over it, then each part alone.

    masks (K, rows, columns) and visibility (K,) as part_masks gives them, K may be 0; keypoints (17, 3) px of the crop.
    """
    names = list(PARTS[len(masks)]) if len(masks) else []
    tiles = [_tile(_jointed(crop_bgr, keypoints_xyc), "joints", QUERY_BGR), _tile(_painted(crop_bgr, masks), "parts")]
    for part, name in enumerate(names):
        only = np.zeros_like(masks)
        only[part] = masks[part]
        tiles.append(_tile(_painted(crop_bgr, only), f"{name} {visibility[part]:.2f}", PART_BGR[part % len(PART_BGR)]))
    return np.concatenate(tiles, axis=1)


def _painted(crop_bgr: np.ndarray, masks: np.ndarray) -> np.ndarray:
    height, width = crop_bgr.shape[:2]
    picture = crop_bgr.astype(np.float32) * 0.75
    for part, mask in enumerate(masks):
        fine = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
        picture = picture * (1 - 0.6 * fine) + 0.6 * fine * np.array(PART_BGR[part % len(PART_BGR)], np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _jointed(crop_bgr: np.ndarray, keypoints_xyc: np.ndarray) -> np.ndarray:
    """Joints as dots, the brighter the surer."""
    picture = crop_bgr.copy()
    radius = max(1, crop_bgr.shape[0] // 64)
    for x, y, confidence in keypoints_xyc.tolist():
        if confidence > 0:
            shade = int(255 * min(1.0, confidence))
            cv2.circle(picture, (round(x), round(y)), radius, (0, shade, shade), -1, cv2.LINE_AA)
    return picture


def _tile(image_bgr: np.ndarray, caption: str, colour: tuple[int, int, int] = PLAIN_BGR) -> np.ndarray:
    """A fixed-size tile: the picture, fitted, in a frame, with its caption below."""
    tile = np.full((TILE_HEIGHT + CAPTION_PX + 2 * GAP, TILE_WIDTH + 2 * GAP, 3), 255, np.uint8)
    scale = min(TILE_WIDTH / image_bgr.shape[1], TILE_HEIGHT / image_bgr.shape[0])
    size = max(1, round(image_bgr.shape[1] * scale)), max(1, round(image_bgr.shape[0] * scale))
    fitted = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = GAP + (TILE_HEIGHT - size[1]) // 2, GAP + (TILE_WIDTH - size[0]) // 2
    tile[GAP : GAP + TILE_HEIGHT, GAP : GAP + TILE_WIDTH] = 235
    tile[top : top + size[1], left : left + size[0]] = fitted
    cv2.rectangle(tile, (GAP - 3, GAP - 3), (GAP + TILE_WIDTH + 2, GAP + TILE_HEIGHT + 2), colour, 3)
    place = GAP, TILE_HEIGHT + GAP + CAPTION_PX - 3
    text = caption.encode(errors="replace").decode()  # the name of a file need not be text, OpenCV's must be
    cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.33, (40, 40, 40), 1, cv2.LINE_AA)
    return tile
