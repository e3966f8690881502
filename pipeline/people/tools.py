"""What every use needs: the embedder, the detector, and the calibration of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.errors import InputError
from pipeline.people.finder import PeopleFinder, Person, only_person
from reid.attributes.files import read_model
from reid.attributes.model import AttributeModel
from reid.calibration import Calibration
from reid.card import folder_of
from reid.data.folders import Say
from reid.embedder import Embedder


@dataclass(frozen=True, eq=False)
class Tools:
    """weights: the folder the embedder came from. are_crops: each picture is a crop of one person already."""

    embedder: Embedder
    finder: PeopleFinder
    weights: Path
    are_crops: bool

    @classmethod
    def open(cls, weights: str | Path, device: str, threads: int, *, are_crops: bool) -> "Tools":
        """Both networks. Raises WeightsError, SettingError."""
        embedder = Embedder.open(weights, device, threads)
        return cls(embedder, PeopleFinder(device, threads), folder_of(weights), are_crops)

    @cached_property
    def calibration(self) -> Calibration:
        """Read when it is first needed: drawing and calibrating go without. Raises WeightsError."""
        return Calibration.read(self.weights, self.embedder.identifier)

    @cached_property
    def attributes(self) -> AttributeModel:
        """Read when it is first needed. Raises WeightsError."""
        return read_model(self.weights, self.embedder.identifier)

    def person(self, path: Path) -> Person:
        """The person a picture is of. Raises InputError."""
        return only_person(self.finder, path, is_crop=self.are_crops)

    def people(self, path: Path) -> list[Person]:
        """Everybody in a picture; one where it is a crop. Raises InputError (unreadable)."""
        return [self.finder.in_crop(path)] if self.are_crops else self.finder.in_photo(path)

    def everybody(self, paths: Sequence[Path], say: Say) -> list[Person]:
        """Everybody in the pictures (at least one). One that cannot be read or shows nobody is said and left out.

        Raises InputError where nobody is left.
        """
        found = []
        for path in paths:
            try:
                here = self.people(path)
            except InputError as error:
                say(f"left out: {error}")
                continue
            if not here:
                say(f"left out: {path}: nobody found in it")
            found += here
        if not found:
            remedy = "" if self.are_crops else ". If they are crops already, add --crops."
            raise InputError(f"{paths[0].parent}: nobody found in {len(paths)} pictures{remedy}")
        return found
