"""Drawing a head: hair all round, and of the face what turns to the camera."""

import cv2
import numpy as np
from darkhar_datasets.dark_synth.people import HEAD, SIDES, Body
from darkhar_datasets.dark_synth.view import View

SHIFT = 4  # OpenCV draws in 1/16 pixels
ONE = 1 << SHIFT
_SEMI = np.array([0.92, 0.78, 1.0])  # the head's half length, width and height


def fill(frame: np.ndarray, points: np.ndarray, colour: np.ndarray) -> None:
    """Fill the convex hull of points (N, 2), in pixels, with an antialiased edge."""
    hull = cv2.convexHull((points * ONE + 0.5).astype(np.int32))
    cv2.fillConvexPoly(frame, hull, colour.tolist(), cv2.LINE_AA, SHIFT)


def _sphere(count: int) -> np.ndarray:
    """Return directions (count, 3) spread evenly (Fibonacci)."""
    k = np.arange(count) + 0.5
    up, turn = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - up**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), up], axis=1)


_ALL = _sphere(80)
# Directions (forward, left, up) on the head: the face under the hair line, and its features.
_FACE = _sphere(1600)
_FACE = _FACE[(_FACE[:, 0] > 0.3 + 0.45 * np.maximum(0, _FACE[:, 2] - 0.1)) & (_FACE[:, 2] < 0.55)][::6]
_EYES = np.array([[0.88, 0.4, 0.14], [0.88, -0.4, 0.14]])
_MOUTH = np.array([[0.84, 0.22, -0.52], [0.87, 0.0, -0.54], [0.84, -0.22, -0.52]])
_NOSE = np.array([[0.97, 0.0, 0.12], [1.16, 0.0, -0.18], [0.95, 0.12, -0.22], [0.95, -0.12, -0.22]])
_EARS = np.array([[0.0, 1.02, 0.02], [0.0, -1.02, 0.02]])


class Head:
    """A head through one clip: points on it (T, N, 2), in pixels, and how far each turns to the camera (T, N)."""

    def __init__(self, body: Body, points: dict[str, np.ndarray], view: View):
        self.skin, self.hair = np.array(body.skin, float), np.array(body.hair_colour, float)
        centre, face, crown = points["head"], points["face"], points["crown"]
        axes = np.stack([face, np.cross(crown, face), crown], axis=1)  # (T, 3, 3)
        towards = np.array([0.0, 0.0, view.height]) - centre
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        radius = HEAD * body.height
        self.size = radius * view.focal / view.project(centre)[:, 2]
        self.at, self.turned = {}, {}
        sets = {"all": _ALL, "face": _FACE, "eyes": _EYES, "mouth": _MOUTH, "nose": _NOSE, "ears": _EARS}
        for name, directions in sets.items():
            self.at[name] = view.project(centre[:, None] + radius * (directions * _SEMI) @ axes)[..., :2]
            self.turned[name] = np.einsum("ni,tij,tj->tn", directions, axes, towards)

    def draw(self, frame: np.ndarray, i: int, lit: float) -> None:
        """Draw the head of frame i, its brighter side towards the light (-1 left, 1 right)."""
        fill(frame, self.at["all"][i], self.hair)
        visible = self.at["face"][i][self.turned["face"][i] > 0.02]
        if len(visible) > 3:
            fill(frame, visible, self.skin * 0.8)
            middle = visible.mean(axis=0)
            fill(frame, middle + 0.75 * (visible - middle) + [lit * 0.12 * self.size[i], 0], self.skin)
        small = max(1, round(0.09 * self.size[i] * ONE))
        for k in range(len(SIDES)):
            if self.turned["ears"][i, k] > 0.15:
                self._dot(frame, self.at["ears"][i, k], 3 * small, self.skin * 0.82)
        if self.turned["nose"][i, 1] > -0.1:
            fill(frame, self.at["nose"][i], self.skin * 0.7)
        for k in range(len(SIDES)):
            if self.turned["eyes"][i, k] > 0.12:
                self._dot(frame, self.at["eyes"][i, k], small, self.hair * 0.5)
        mouth = self.at["mouth"][i][self.turned["mouth"][i] > 0.1]
        if len(mouth) > 1:
            line = np.round(mouth * ONE).astype(np.int32)
            cv2.polylines(frame, [line], False, (self.skin * [0.62, 0.45, 0.45]).tolist(), 1, cv2.LINE_AA, SHIFT)

    def _dot(self, frame: np.ndarray, place: np.ndarray, radius: int, colour: np.ndarray) -> None:
        centre = np.round(place * ONE).astype(int).tolist()
        cv2.circle(frame, centre, radius, colour.tolist(), -1, cv2.LINE_AA, SHIFT)
