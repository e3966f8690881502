"""Who is who across cameras: evidence, constraints, linkage, and the reasons for every merge."""

from pipeline.association.config import AssociateConfig
from pipeline.association.identification import Identified, identify
from pipeline.association.merging import LooksOf, associate, clocks_of

__all__ = ["AssociateConfig", "Identified", "LooksOf", "associate", "clocks_of", "identify"]
