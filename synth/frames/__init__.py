"""Frames: single pictures of ever new places and people, with YOLO-pose labels to train a detector on."""
