"""People: bodies, clothes, hair and bags that walk, stand and sit, with their true joints."""

from synth.people.person import Person
from synth.people.stance import ACTIONS, Stance
from synth.people.style import PersonStyle

__all__ = ["ACTIONS", "Person", "PersonStyle", "Stance"]
