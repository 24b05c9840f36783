"""One person tracked through a clip: keypoints, body and flow channels; registers none, may use `data`."""
