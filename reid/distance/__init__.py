"""Distances between descriptors, each with the amount of evidence beside it."""

from reid.distance.appearance import DistanceConfig, appearance_distance

__all__ = ["DistanceConfig", "appearance_distance"]
