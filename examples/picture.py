"""One picture of a run: the same moment in every annotated video, side by side.

python -m examples.picture out/demo docs/demo.jpg --at 8.0
"""

from pathlib import Path
from typing import Annotated

import av
import cv2
import numpy as np
import typer

HEIGHT_PX = 360


def picture_at(video: Path, time_s: float) -> np.ndarray:
    """The frame (HEIGHT_PX, w, 3) BGR shown at `time_s`, or the last one of a shorter video."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            image = frame.to_ndarray(format="bgr24")
            if frame.time is not None and frame.time >= time_s:
                break
    scale = HEIGHT_PX / image.shape[0]
    return cv2.resize(image, (round(image.shape[1] * scale), HEIGHT_PX), interpolation=cv2.INTER_AREA)


def main(
    run: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    output: Annotated[Path, typer.Argument(help="The picture to write.")],
    at: Annotated[float, typer.Option(help="Seconds from the beginning of each video.")] = 8.0,
) -> None:
    """Put the annotated videos of a run side by side at one moment."""
    pictures = [picture_at(path, at) for path in sorted((run / "annotated").glob("*.mp4"))]
    cv2.imwrite(str(output), np.hstack(pictures), [cv2.IMWRITE_JPEG_QUALITY, 88])
    typer.echo(f"{output}: {len(pictures)} cameras at {at} s")


if __name__ == "__main__":
    typer.run(main)
