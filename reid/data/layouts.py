"""Folders of pictures as the public data sets have them: which layout a folder has, and who is in its pictures.

MSMT17 (Wei et al., CVPR 2018), CUHK03 (Li et al., CVPR 2014; as torchreid unpacks it), and the naming of Market-1501
(Zheng et al., ICCV 2015), which DukeMTMC-reID, Occluded-Duke (Miao et al., ICCV 2019) and CUHK03-NP (Zhong et al., CVPR
2017) share. What a layout calls an identity or a camera means nothing in another folder.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from reid.data.folders import MARKET_NAME, NOBODY, PictureFolder, market_folder, pictures

_CUHK03_NAME = re.compile(r"([1-5])_(\d{3})_([12])_\d{2}\.")
_MSMT17_FOLDERS = {"train": ("train", "mask_train_v2", "mask_train"), "test": ("test", "mask_test_v2", "mask_test")}

Test = tuple[PictureFolder | None, PictureFolder]


@dataclass(frozen=True)
class Layout:
    """name, and looks: what a folder of it holds, for messages. fits: whether a folder is one.

    train: its training pictures. test: its queries (None where it has none of its own) and its gallery. Both raise
    InputError. split: whether training and test pictures are told apart; same_labels: whether one label is then one
    person in both. nobody: the label of distractors, None where all are somebody.
    """

    name: str
    looks: str
    fits: Callable[[Path], bool]
    train: Callable[[Path], PictureFolder]
    test: Callable[[Path], Test]
    split: bool = False
    same_labels: bool = False
    nobody: int | None = None


def layout_of(folder: Path) -> Layout:
    """The layout of `folder`. Raises InputError, with a list of all there are, where it has none of them."""
    for layout in LAYOUTS:
        if folder.is_dir() and layout.fits(folder):
            return layout
    what = "no known layout" if folder.is_dir() else "no such folder"
    known = "".join(f"\n  {layout.name}: {layout.looks}" for layout in LAYOUTS)
    inner = [one.name for one in sorted(folder.glob("*")) if one.is_dir() and any(lay.fits(one) for lay in LAYOUTS)]
    hint = f"; did you mean a folder in it, {inner[:4]}" if inner else ""
    raise InputError(f"{folder}: {what}{hint}. Expected rendered shards (dataset.json), or one of{known}")


def _has_lists(folder: Path) -> bool:
    return any((folder / f"list_{part}.txt").is_file() for part in ("train", "query", "gallery"))


def _msmt17_train(folder: Path) -> PictureFolder:
    """list_train.txt and, where it is there, list_val.txt: together the 1,041 people published numbers train on."""
    lists = [folder / "list_train.txt", folder / "list_val.txt"]
    lists = [one for one in lists if one.exists() or one.name == "list_train.txt"]
    return _msmt17(folder, "train", lists)


def _msmt17_test(folder: Path) -> Test:
    query, gallery = (_msmt17(folder, "test", [folder / f"list_{part}.txt"]) for part in ("query", "gallery"))
    return query, gallery


def _msmt17(folder: Path, part: str, lists: list[Path]) -> PictureFolder:
    """Lines `0000/0000_000_01_0303morning_0015_0.jpg 0`: path and identity; the name's third field is the camera."""
    places = [folder / name for name in _MSMT17_FOLDERS[part]]
    place = next((one for one in places if one.is_dir()), None)
    if place is None:
        raise InputError(f"{folder}: expected a folder {' or '.join(_MSMT17_FOLDERS[part])} beside its lists")
    paths, labels = [], []
    for path in lists:
        for number, line in enumerate(_lines(path), start=1):
            name, _, identity = line.rpartition(" ")
            fields = Path(name).name.split("_")
            if not identity.isdigit() or len(fields) < 4 or not fields[2].isdigit():
                raise InputError(
                    f"{path}, line {number}: expected `0000/0000_000_01_0303morning_0015_0.jpg 0`, got {line!r}"
                )
            paths.append(place / name)
            labels.append((int(identity), int(fields[2])))
    return _folder(paths, labels, lists[0])


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _has_splits(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in ("bounding_box_train", "bounding_box_test"))


def _splits_test(folder: Path) -> Test:
    query = folder / "query"
    return market_folder(query) if query.is_dir() else None, market_folder(folder / "bounding_box_test")


def _cuhk03(folder: Path) -> PictureFolder:
    """`1_001_2_01.png`: camera pair, person of that pair, which of its two cameras, picture."""
    paths, labels = pictures(folder), []
    for path in paths:
        match = _CUHK03_NAME.match(path.name)
        if match is None:
            raise InputError(f"{path}: expected a name such as 1_001_2_01.png")
        pair, person, view = (int(match.group(field)) for field in (1, 2, 3))
        labels.append((pair * 100_000 + person, 2 * (pair - 1) + view))
    return _folder(paths, labels, folder)


def _named(pattern: re.Pattern[str]) -> Callable[[Path], bool]:
    """Whether the first picture of a folder is named so."""

    def fits(folder: Path) -> bool:
        try:
            return pattern.match(pictures(folder)[0].name) is not None
        except InputError:
            return False

    return fits


def _folder(paths: list[Path], labels: list[tuple[int, int]], where: Path) -> PictureFolder:
    if not paths:
        raise InputError(f"{where}: lists no pictures")
    identity, camera = np.array(labels, np.int64).reshape(-1, 2).T
    return PictureFolder(tuple(paths), identity, camera)


LAYOUTS = (
    Layout(
        "MSMT17", "list_train.txt, list_val.txt, list_query.txt, list_gallery.txt, and folders train and test",
        _has_lists, _msmt17_train, _msmt17_test, split=True,
    ),
    Layout(
        "Market-1501, DukeMTMC-reID, Occluded-Duke, CUHK03-NP", "folders bounding_box_train, query, bounding_box_test",
        _has_splits, lambda folder: market_folder(folder / "bounding_box_train"), _splits_test,
        split=True, same_labels=True, nobody=NOBODY,
    ),
    Layout(
        "CUHK03 pictures", "pictures named 1_001_2_01.png (pair, person, view, number)",
        _named(_CUHK03_NAME), _cuhk03, lambda folder: (None, _cuhk03(folder)),
    ),
    Layout(
        "pictures named as in Market-1501", "pictures named 0002_c1s1_000451_03.jpg or 0001_c2_f0046182.jpg",
        _named(MARKET_NAME), market_folder, lambda folder: (None, market_folder(folder)), nobody=NOBODY,
    ),
)  # fmt: skip
