"""The words everyone speaks: types, boxes, keypoints, errors. NumPy only."""
