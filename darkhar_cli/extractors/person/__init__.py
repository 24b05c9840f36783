"""One person followed through a clip: keypoints, tracking, body and flow channels; no extractor is registered here."""
