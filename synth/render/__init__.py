"""A software rasteriser: textured triangles to linear colour, depth and ids, the same bytes every time."""

from synth.render.backdrop import Backdrop, render
from synth.render.lens import distort, overscan, project

__all__ = ["Backdrop", "distort", "overscan", "project", "render"]
