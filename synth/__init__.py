"""Worlds with perfect truth: people, cameras, videos, crops. `python -m synth …`"""
