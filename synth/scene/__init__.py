"""Scenes: a place, people who cross it, cameras that film it, and the truth about all of them."""
