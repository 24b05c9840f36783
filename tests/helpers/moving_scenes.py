"""A person before a moving camera, drawn so that the motion of both is known."""

import cv2
import numpy as np

HEIGHT, WIDTH = 240, 320
PATCH = (100, 60, 80, 120)  # left, top, width, height of the person, in pixels


def texture(height, width, seed, sigma=2.0):
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip((soft - 127) * 3 + 127, 0, 255)


def moved(image, dx, dy, zoom=1.0, size=(WIDTH, HEIGHT)):
    """Return an image whose content moved by dx, dy pixels and grew by `zoom` about the centre."""
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    matrix = np.array([[zoom, 0, x - zoom * x + dx], [0, zoom, y - zoom * y + dy]])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def scene(camera, person, zoom=1.0):
    """Return frames, and keypoints at the person, from places (T, 2) in pixels of the camera's scene and the person.

    The person's places are where it is in the image, from where it starts.
    """
    ground, body = texture(HEIGHT, WIDTH, 1), texture(HEIGHT, WIDTH, 2, 1.5)
    left, top, width, height = PATCH
    shape = np.zeros((HEIGHT, WIDTH), np.float32)
    shape[top : top + height, left : left + width] = 1
    frames, points = [], np.empty((len(camera), 17, 3))
    inside = np.random.default_rng(3).uniform(0, 1, (17, 2))
    inside[[0, 16]], inside[[5, 6], 1], inside[[11, 12], 1] = [[0, 0], [1, 1]], 0.2, 0.6
    inside = inside * [width, height] + [left, top]
    for i, ((cx, cy), (px, py)) in enumerate(zip(camera, person, strict=True)):
        mask = moved(shape, px, py)[:, :, None]
        image = moved(ground, cx, cy, zoom**i) * (1 - mask) + moved(body, px, py) * mask
        frames.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
        points[i] = np.concatenate([(inside + np.array([px, py])) / HEIGHT, np.full((17, 1), 0.9)], axis=1)
    return np.stack(frames), points


def steady(dx, dy, frames=8):
    return np.arange(frames)[:, None] * np.array([dx, dy])
