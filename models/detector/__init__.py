"""The bundled person detector: boxes and 17 COCO keypoints in one pass."""
