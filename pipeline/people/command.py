"""The commands of `python -m reid` that need the detector, a video or a finished run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.whole import whole_file

if TYPE_CHECKING:
    import numpy as np


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add verify, search, describe, cluster, visualise, calibrate and attributes to the parser of `python -m reid`."""
    uses = [_add_verify(commands), _add_search(commands), _add_describe(commands), *_add_groups(commands)]
    for command in uses:
        command.add_argument("--crops", action="store_true", help="each picture is a crop of one person already")
    calibrate = commands.add_parser("calibrate", help="distance to probability, from rendered people held out")
    calibrate.add_argument("data", type=Path, help="shards of `python -m synth crops` that no training saw")
    calibrate.set_defaults(run=_calibrate)
    attributes = commands.add_parser("attributes", help="what people wear, learnt from rendered people and measured")
    attributes.add_argument("data", type=Path, help="shards of `python -m synth crops`")
    attributes.set_defaults(run=_attributes)
    for command in (calibrate, attributes):
        command.add_argument("--seed", type=int, default=0, help="of what is made smaller")
    for command in (*uses, calibrate, attributes):
        command.add_argument("--weights", default="bundled", help="a folder that `export` wrote")
        command.add_argument("--device", default="auto")
        command.add_argument("--threads", type=int, default=0)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    verify = commands.add_parser("verify", help="1:1, do two pictures show one person?")
    verify.add_argument("first", type=Path)
    verify.add_argument("second", type=Path)
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.set_defaults(run=_verify)
    return verify


def _add_search(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    search = commands.add_parser("search", help="1:N, where in a finished run is this person, or somebody dressed so?")
    search.add_argument(
        "pictures", type=Path, nargs="*", help="one or several pictures of one person; none with --where"
    )
    search.add_argument("--run", type=Path, required=True, dest="folder", help="the output folder of run_pipeline.py")
    search.add_argument(
        "--where", action="append", default=[], metavar="NAME=VALUE", help="what they wear, such as 'upper=red bag=yes'"
    )
    search.add_argument("--unsure", action="store_true", help="list those last of whom --where may hold or not")
    search.add_argument("--output", type=Path, help="where hits go; a folder in RUN/search if left out")
    search.add_argument("--top", type=int, default=10, help="most hits")
    search.set_defaults(run=_search)
    return search


def _add_describe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    describe = commands.add_parser("describe", help="what somebody wears")
    describe.add_argument("pictures", type=Path, nargs="+", help="one or several pictures of one person")
    describe.add_argument("--json", action="store_true", help="print one JSON object")
    describe.set_defaults(run=_describe)
    return describe


def _add_groups(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> list[argparse.ArgumentParser]:
    cluster = commands.add_parser("cluster", help="N:N, one folder per person, and one for what is unsure")
    cluster.add_argument("folder", type=Path, help="a folder of photos")
    cluster.add_argument("--output", type=Path, required=True, help="a new or empty folder")
    cluster.add_argument(
        "--distance",
        type=float,
        help="as far away as strangers are, above 0 and up to 2: the lower, the more groups that hold together badly "
        "are taken apart; the calibrated one if left out",
    )
    cluster.set_defaults(run=_cluster)
    visualise = commands.add_parser("visualise", help="part masks on pictures, or a ranked list, as PNG")
    visualise.add_argument("pictures", type=Path, nargs="+")
    visualise.add_argument("--gallery", type=Path, help="rank the pictures of this folder for each of `pictures`")
    visualise.add_argument("--output", type=Path, required=True, help="the .png to write")
    visualise.add_argument("--top", type=int, default=8, help="pictures of each ranked list")
    visualise.set_defaults(run=_visualise)
    return [cluster, visualise]


def save_distances(options: argparse.Namespace) -> None:
    """`embed FOLDER --distances`: the full fused distance of a folder of crops, keypoints by the bundled detector."""
    import numpy as np

    from pipeline.people.finder import embed_people
    from reid.data.folders import pictures
    from reid.distance import appearance_distance

    tools = _tools(options)
    people = [tools.finder.in_crop(path) for path in pictures(options.folder, print)]
    found = embed_people(tools.embedder, people)
    distance, _ = appearance_distance(found, found)
    save_arrays(options.output, name=np.array([person.path.name for person in people]), distance=distance)


def save_arrays(path: Path, **arrays: "np.ndarray") -> None:
    """Write an .npz, whole or not at all. Raises OutputError."""
    import numpy as np

    with whole_file(path) as temporary, temporary.open("wb") as file:  # given a name, it would add .npz to it
        np.savez(file, allow_pickle=False, **arrays)


def _verify(options: argparse.Namespace) -> None:
    from pipeline.people.verify import verify

    answer = verify(_tools(options), options.first, options.second)
    print(answer.to_json() if options.json else answer)


def _search(options: argparse.Namespace) -> None:
    from pipeline.people.search import search

    if options.top < 1:
        raise UsageError(f"--top: expected at least 1, got {options.top}")
    search(
        _tools(options), options.pictures, options.folder, options.output, options.top, print, options.where,
        unsure=options.unsure,
    )  # fmt: skip


def _describe(options: argparse.Namespace) -> None:
    from pipeline.people.describe import describe, lines, to_json

    found = describe(_tools(options), options.pictures)
    print(to_json(found) if options.json else "\n".join(lines(found)))


def _cluster(options: argparse.Namespace) -> None:
    from pipeline.people.cluster import cluster_folder

    if options.distance is not None and not 0 < options.distance <= 2:
        raise UsageError(f"--distance: expected above 0 and up to 2, got {options.distance}")
    cluster_folder(_tools(options), options.folder, options.output, options.distance, print)


def _visualise(options: argparse.Namespace) -> None:
    from pipeline.people.visualise import draw_masks, draw_ranking

    if options.output.suffix.lower() != ".png":
        raise UsageError(f"--output: expected a name that ends in .png, got {options.output}")
    if options.top < 1:
        raise UsageError(f"--top: expected at least 1, got {options.top}")
    if options.gallery is None:
        draw_masks(_tools(options), options.pictures, options.output)
    else:
        draw_ranking(_tools(options), options.pictures, options.gallery, options.output, options.top, print)
    print(options.output)


def _calibrate(options: argparse.Namespace) -> None:
    from pipeline.people.calibrate import calibrate

    calibrate(_tools(options), options.data, options.seed, print)


def _attributes(options: argparse.Namespace) -> None:
    from pipeline.people.attributes import fit_attributes

    fit_attributes(_tools(options), options.data, options.seed, print)


def _tools(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    from pipeline.people.tools import Tools

    is_crop = getattr(options, "crops", True)
    return Tools.open(options.weights, options.device, options.threads, are_crops=is_crop)
