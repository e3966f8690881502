"""Who is who across cameras: evidence, constraints, linkage, and the reasons for every merge."""

from pipeline.association.config import AssociateConfig
from pipeline.association.merging import LooksOf, associate, clocks_of

__all__ = ["AssociateConfig", "LooksOf", "associate", "clocks_of"]
