"""Every default of reading attributes off descriptors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AttributesConfig:
    """How attributes are fitted and when they are answered.

    blocks: which vectors of a descriptor are looked at. penalties: of squared weights; the best on people that were not
    fitted on is taken, a question at a time. least_people: an answer that fewer people of the data would give is left
    out. tuning_share, testing_share: of the people, to choose penalties and temperatures on, and to measure on.
    least_probability: an answer less likely is `unknown`. least_visibility: of a body part that a question needs.
    """

    blocks: tuple[str, ...] = ("global",)
    penalties: tuple[float, ...] = (3e-5, 1e-4, 3e-4, 1e-3)
    least_people: int = 8
    tuning_share: float = 0.25
    testing_share: float = 0.25
    least_probability: float = 0.7
    least_visibility: float = 0.1
