"""What `tracks.json` holds, as one pydantic model: it validates what is read and makes `schema/tracks.schema.json`.

`python -m pipeline.export.tracks_schema > schema/tracks.schema.json` writes the schema anew.
"""

from typing import Annotated, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

FORMAT = "throughline-tracks"
VERSION = 1
SCHEMA_ID = "https://throughline.invalid/schema/tracks.schema.json"  # a name, not an address: nothing is fetched

Index = Annotated[int, Field(ge=0)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Camera(_Model):
    """One camera. One that could not be opened has no frames, size 0 and an error."""

    id: str = Field(description="The video file's stem or the image folder's name.", min_length=1)
    name: str = Field(description="For display.")
    file: str = Field(description="Name of the video file or image folder, without its path.")
    width: Index = Field(description="Pixels of the upright picture.")
    height: Index = Field(description="Pixels of the upright picture.")
    fps: float = Field(description="Mean frame rate; 0 if unknown.", ge=0)
    frames: Index = Field(description="How many frames were decoded.")
    duration_s: float = Field(description="From the first frame's beginning to the last frame's end.", ge=0)
    offset_s: float = Field(description="Added to the stream's timestamps to make all cameras' times comparable.")
    error: str | None = Field(description="Why the camera stopped early, or null.")


class TrackletRef(_Model):
    """Names a tracklet: a local id means nothing without its camera."""

    camera: str
    local_id: int


class Evidence(_Model):
    """Why a tracklet belongs to its identity. Null where there was nothing to compare with.

    Where `unknown` is true, the tracklet is an identity of its own because nobody can tell who it is; the rest then
    speaks of the identity it was not put into, which `best_pair` belongs to.
    """

    score: float | None = Field(description="How alike it and the rest of the identity look; 1 is the same.")
    margin: float | None = Field(description="How much closer it is to its own identity than to the next one.")
    probability: Score | None = Field(description="That it belongs to its identity; 0.5 is as good as not.")
    best_pair: TrackletRef | None = Field(description="The other tracklet that speaks most for it.")
    frames: tuple[Index, Index] | None = Field(description="Frames of the best crop of itself and of best_pair.")
    unknown: bool = Field(description="Stands alone because its membership was too doubtful, or nothing is known.")


class Member(TrackletRef):
    """A tracklet of an identity."""

    evidence: Evidence | None = Field(description="Null where none was kept.")


class Identity(_Model):
    """One person in all cameras."""

    id: int = Field(ge=1)
    tracklets: list[Member]


class Tracklet(TrackletRef):
    """One person's way through one camera, as arrays of one length: entry i of each is the box in frame[i]."""

    identity: int | None = Field(description="Id of its identity; null if it was given to none.", ge=1)
    frame: list[Index] = Field(description="0-based, strictly increasing.")
    time_s: list[float] = Field(description="Presentation time plus the camera's offset_s, to the millisecond.")
    x1: list[float] = Field(description="Left edge, pixels, to a tenth.")
    y1: list[float] = Field(description="Top edge.")
    x2: list[float] = Field(description="Right edge, exclusive.")
    y2: list[float] = Field(description="Bottom edge, exclusive.")
    score: list[Score] = Field(description="The detector's; 0 where filled.")
    source: list[Literal[0, 1]] = Field(description="0: detected; 1: filled in between detections.")

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        columns = ("time_s", "x1", "y1", "x2", "y2", "score", "source")
        for name in columns:
            if len(getattr(self, name)) != len(self.frame):
                where = f"tracklet {self.local_id} of camera {self.camera!r}"
                raise ValueError(f"{where}: {name} has {len(getattr(self, name))} entries, frame has {len(self.frame)}")
        return self


class Tracks(_Model):
    """Who was where: the tracks of all cameras of one run of Throughline."""

    format: Literal["throughline-tracks"]
    version: Literal[1] = Field(description="Of this format. Changes when a reader would have to.")
    run: dict[str, JsonValue] = Field(
        description="What decided the result: program version, networks, tracker, stride, settings digest."
    )
    cameras: list[Camera]
    identities: list[Identity]
    tracklets: list[Tracklet]


def json_schema() -> bytes:
    """The JSON Schema (2020-12) of `tracks.json`, indented, ending in a newline."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **Tracks.model_json_schema(),
    }
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    print(json_schema().decode(), end="")
