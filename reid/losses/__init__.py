"""The losses of the ReID line, one per file: each takes distances or logits and gives a scalar to minimise.

They compose as distance × mining × loss: `batch_hard` picks pairs of a distance matrix, `hinge` compares them.
"""
