"""One person: a body in its clothes, drawn by chance, that can be asked for its surfaces and joints in any stance."""

from dataclasses import dataclass

import numpy as np

from synth.people.body import body_model
from synth.people.landmarks import Landmarks, landmarks
from synth.people.outfit import draw_outfit
from synth.people.palette import draw_looks
from synth.people.pose import bone_transforms
from synth.people.rotation import turn
from synth.people.sewing import SOLE_M, sew
from synth.people.shape import Shape, measure
from synth.people.skin import Skinned
from synth.people.stance import Build, Stance, stride_m
from synth.people.style import PersonStyle
from synth.types import Surface

_WIDE_RAD = 0.08  # arms hang further out over wide clothes


@dataclass(frozen=True)
class Person:
    """A body in its clothes. Made by `make`; moved by `Stance`.

    attributes: what is worn and carried, by name (`synth.people.outfit.ATTRIBUTE_VALUES`).
    """

    attributes: dict[str, str]
    shape: Shape
    build: Build
    meshes: tuple[Skinned, ...]
    landmarks: Landmarks

    @classmethod
    def make(cls, rng: np.random.Generator, style: PersonStyle | None = None) -> "Person":
        """Draw a person; what `style` pins is so. The same generator state and style give the same person."""
        style = style or PersonStyle()
        feminine = 1.0 - rng.random()
        feminine = float(np.clip(0.5 + (feminine - 0.5) * 3, 0.02, 0.98))
        shape = measure(*_body(rng, feminine, style.height_m))
        outfit = draw_outfit(rng, style, feminine)
        looks = draw_looks(rng)
        build = Build(
            shape.heads,
            np.asarray(shape.model.parents),
            arm_swing=float(rng.uniform(0.4, 1.4)),
            step_width=float(rng.uniform(0.7, 1.4)),
            lean_rad=float(rng.uniform(-0.02, 0.14)),
            arm_out_rad=float(rng.uniform(0.08, 0.2)) + (_WIDE_RAD if outfit.upper in ("coat", "dress") else 0.0),
            bag_in_hand=outfit.bag == "hand_bag",
            elbow_rad=float(rng.uniform(0.12, 0.5)),
            look_rad=float(rng.normal(0, 0.15)),
            fist_rad=float(rng.uniform(0.3, 0.8)),
        )
        return cls(outfit.attributes(), shape, build, sew(shape, outfit, looks, style, rng), landmarks(shape))

    @property
    def height_m(self) -> float:
        """Bare feet to crown."""
        return self.shape.height_m

    @property
    def leg_length_m(self) -> float:
        """Hip to ankle."""
        return self.build.leg_length_m

    def stride_m(self, speed_mps: float) -> float:
        """Metres of one full cycle, two steps, at a walking speed."""
        return stride_m(self.leg_length_m, speed_mps)

    def surfaces(self, stance: Stance, object_id: int) -> list[Surface]:
        """The posed person in world coordinates, feet on z = 0."""
        return self.pose(stance, object_id)[0]

    def joints(self, stance: Stance) -> np.ndarray:
        """COCO's 17 joints (17, 3) float64 in world metres: means of posed body vertices (`landmarks`)."""
        return self.landmarks.joints(_placed(bone_transforms(self.build, stance), stance))

    def pose(self, stance: Stance, object_id: int) -> tuple[list[Surface], np.ndarray]:
        """`surfaces` and `joints` in one go."""
        transforms = _placed(bone_transforms(self.build, stance), stance)
        out = []
        for mesh in self.meshes:
            vertices, normals = mesh.posed(transforms)
            out.append(
                Surface(
                    vertices,
                    mesh.textured_faces,
                    mesh.uv,
                    mesh.texture,
                    object_id,
                    mesh.material,
                    mesh.double_sided,
                    normals=normals,
                )
            )
        return out, self.landmarks.joints(transforms)


def _body(rng: np.random.Generator, feminine: float, height_m: float | None) -> tuple[np.ndarray, np.ndarray]:
    """A body of the wanted height, or of one drawn as adults' are distributed."""
    model = body_model()
    phenotype = {
        "gender": feminine,
        "age": float(rng.uniform(0.6, 1.0)),
        "muscle": float(np.clip(rng.normal(0.5, 0.15), 0.1, 0.9)),
        "weight": float(np.clip(rng.normal(0.5, 0.18), 0.05, 0.98)),
        "proportions": float(rng.uniform(0.0, 0.6)),
    }
    drawn = float(np.clip(rng.normal(1.76 - 0.12 * feminine, 0.07), 1.45, 2.02))
    wanted = drawn if height_m is None else height_m
    short, tall = (float(model.blend(**phenotype, height=h)[0][:, 2].max()) for h in (0.0, 1.0))
    part = float(np.clip((wanted - short) / (tall - short), 0.0, 1.0))
    vertices, heads = model.blend(**phenotype, height=part)
    scale = wanted / float(vertices[:, 2].max())
    return vertices * scale, heads * scale


def _placed(transforms: np.ndarray, stance: Stance) -> np.ndarray:
    """From the person's frame to the world, standing on the soles of the shoes."""
    rotation = turn("z", stance.heading_rad)
    placed = np.einsum("ij,bjk->bik", rotation, transforms)
    placed[:, :2, 3] += np.asarray(stance.position_m, np.float64)
    placed[:, 2, 3] += SOLE_M
    return placed
