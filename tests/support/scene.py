"""A short piece of the demo scene: real decoding, real people to find, seconds to run."""

from pathlib import Path

import av

from tests.support.videos import write_video

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
BEGIN, FRAMES = 60, 24


def write_short_scene(folder: Path, cameras: int = 3, frames: int = FRAMES) -> Path:
    """The first `cameras` cameras of the demo, `frames` frames each, without their calibration."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(DEMO.glob("*.mp4"))[:cameras]:
        with av.open(str(source)) as container:
            fps = round(float(container.streams.video[0].average_rate))
            pictures = []
            for index, frame in enumerate(container.decode(video=0)):
                if index >= BEGIN:
                    pictures.append(frame.to_ndarray(format="bgr24"))
                if len(pictures) == frames:
                    break
        write_video(folder / source.name, pictures, fps=fps)
    return folder
