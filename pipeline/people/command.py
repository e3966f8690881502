"""The commands of `python -m reid` that need the detector, a video or a finished run."""

import argparse
from pathlib import Path

from core.errors import UsageError


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add verify, search, cluster, visualise and calibrate to the parser of `python -m reid`."""
    verify = commands.add_parser("verify", help="1:1, do two pictures show one person?")
    verify.add_argument("first", type=Path)
    verify.add_argument("second", type=Path)
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.set_defaults(run=_verify)
    search = commands.add_parser("search", help="1:N, where in a finished run is the person of these pictures?")
    search.add_argument("pictures", type=Path, nargs="+", help="one or several pictures of one person")
    search.add_argument("--run", type=Path, required=True, dest="folder", help="the output folder of run_pipeline.py")
    search.add_argument("--output", type=Path, help="where hits go; RUN/search/<first picture> if left out")
    search.add_argument("--top", type=int, default=10, help="most hits")
    search.set_defaults(run=_search)
    cluster = commands.add_parser("cluster", help="N:N, one folder per person, and one for what is unsure")
    cluster.add_argument("folder", type=Path, help="a folder of photos")
    cluster.add_argument("--output", type=Path, required=True, help="a new or empty folder")
    cluster.add_argument(
        "--distance", type=float, help="up to which two pictures mostly show one person; the calibrated one if left out"
    )
    cluster.set_defaults(run=_cluster)
    visualise = commands.add_parser("visualise", help="part masks on pictures, or a ranked list, as PNG")
    visualise.add_argument("pictures", type=Path, nargs="+")
    visualise.add_argument("--gallery", type=Path, help="rank the pictures of this folder for each of `pictures`")
    visualise.add_argument("--output", type=Path, required=True, help="the .png to write")
    visualise.add_argument("--top", type=int, default=8, help="pictures of each ranked list")
    visualise.set_defaults(run=_visualise)
    calibrate = commands.add_parser("calibrate", help="distance to probability, from rendered people held out")
    calibrate.add_argument("data", type=Path, help="shards of `python -m synth crops` that no training saw")
    calibrate.add_argument("--seed", type=int, default=0, help="of what is made smaller")
    calibrate.set_defaults(run=_calibrate)
    for command in (verify, search, cluster, visualise):
        command.add_argument("--crops", action="store_true", help="each picture is a crop of one person already")
    for command in (verify, search, cluster, visualise, calibrate):
        command.add_argument("--weights", default="bundled", help="a folder that `export` wrote")
        command.add_argument("--device", default="auto")
        command.add_argument("--threads", type=int, default=0)


def save_distances(options: argparse.Namespace) -> None:
    """`embed FOLDER --distances`: the full fused distance of a folder of crops, keypoints by the bundled detector."""
    import numpy as np

    from pipeline.people.finder import embed_people
    from reid.data.folders import pictures
    from reid.distance import appearance_distance

    tools = _tools(options)
    people = [tools.finder.in_crop(path) for path in pictures(options.folder)]
    found = embed_people(tools.embedder, people)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    distance, _ = appearance_distance(found, found)
    np.savez(options.output, name=np.array([person.path.name for person in people]), distance=distance)


def _verify(options: argparse.Namespace) -> None:
    from pipeline.people.verify import verify

    answer = verify(_tools(options), options.first, options.second)
    print(answer.to_json() if options.json else answer)


def _search(options: argparse.Namespace) -> None:
    from pipeline.people.search import search

    if options.top < 1:
        raise UsageError(f"--top: expected at least 1, got {options.top}")
    search(_tools(options), options.pictures, options.folder, options.output, options.top, print)


def _cluster(options: argparse.Namespace) -> None:
    from pipeline.people.cluster import cluster_folder

    cluster_folder(_tools(options), options.folder, options.output, options.distance, print)


def _visualise(options: argparse.Namespace) -> None:
    from pipeline.people.visualise import draw_masks, draw_ranking

    if options.output.suffix.lower() != ".png":
        raise UsageError(f"--output: expected a name that ends in .png, got {options.output}")
    if options.gallery is None:
        draw_masks(_tools(options), options.pictures, options.output)
    else:
        draw_ranking(_tools(options), options.pictures, options.gallery, options.output, options.top)
    print(options.output)


def _calibrate(options: argparse.Namespace) -> None:
    from pipeline.people.calibrate import calibrate

    calibrate(_tools(options), options.data, options.seed, print)


def _tools(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    from pipeline.people.tools import Tools

    is_crop = getattr(options, "crops", True)
    return Tools.open(options.weights, options.device, options.threads, are_crops=is_crop)
