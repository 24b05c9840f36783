"""Video bytes: what is written is read, only what is asked for, and damage is named."""

import av
import numpy as np
import pytest

from darkhar_cli.data.video import (
    ClipError,
    decoding,
    inspect,
    iter_frames,
    opening,
    read_frames,
    reading,
    write_video,
)
from tests.conftest import moving_square


@pytest.fixture(scope="module")
def frames():
    return moving_square(0, 0, n=30, height=64, width=96)


@pytest.fixture(scope="module")
def clip(frames):
    return write_video(frames, 25)


def test_round_trip(frames, clip):
    info = inspect(clip)
    assert (info.n_frames, info.fps, info.height, info.width) == (30, 25.0, 64, 96)
    decoded = read_frames(clip)
    assert decoded.shape == frames.shape
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - frames.astype(int)).mean() < 6


def test_same_frames_same_bytes(frames, clip):
    assert write_video(frames, 25) == clip


def test_only_the_frames_asked_for_are_converted(clip, monkeypatch):
    whole = read_frames(clip)
    converted, shown = [], reading.shown_pixels
    monkeypatch.setattr(reading, "shown_pixels", lambda frame, to: converted.append(frame.pts) or shown(frame, to))
    np.testing.assert_array_equal(read_frames(clip, [3, 3, 9]), whole[[3, 3, 9]])
    assert len(converted) == 2


def test_decoding_stops_at_the_last_frame_asked_for(clip, monkeypatch):
    seen, frames_of = [], reading.frames_in_order
    monkeypatch.setattr(reading, "frames_in_order", lambda *c: (seen.append(1) or frame for frame in frames_of(*c)))
    read_frames(clip, [4])
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"", "empty file"),
        (lambda data: b"I am a text file called .mp4\n" * 40, "not a video"),
        (lambda data: data[: len(data) // 2], "not a video, or cut off"),
    ],
)
def test_damage_is_named(clip, damage, reason):
    with pytest.raises(ClipError, match=reason):
        inspect(damage(clip))


def test_a_file_cut_between_frames_is_found_out(frames):
    """With its index in front, a cut file decodes without an error; the count gives it away."""
    import io

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "1"})
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        for pixels in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    whole = buffer.getvalue()
    assert inspect(whole).n_frames == 30
    with pytest.raises(ClipError, match=r"decoding stops|cut off|not a video"):
        inspect(whole[: int(len(whole) * 0.7)])


def test_real_clips_cut_at_a_frame_are_found_out(real_clips):
    data = sorted(real_clips.glob("train/*/*.mp4"))[0].read_bytes()
    assert inspect(data).n_frames == 56
    for share in (0.5, 0.9, 0.95):
        with pytest.raises(ClipError, match=r"cut off|decoding stops"):
            inspect(data[: int(len(data) * share)])


def test_sound_alone_is_no_clip():
    import io

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        out.mux(stream.encode(sound))
        out.mux(stream.encode(None))
    with pytest.raises(ClipError, match="no video stream"):
        inspect(buffer.getvalue())


def test_decoding_is_bounded(clip, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_FRAMES", 10)
    with pytest.raises(ClipError, match="more than 10 frames"):
        inspect(clip)
    monkeypatch.setattr(opening, "MAX_PIXELS", 10)
    with pytest.raises(ClipError, match="96x64 pixels"):
        inspect(clip)


def test_a_position_beyond_the_end_is_an_error(clip):
    with pytest.raises(ClipError, match="frame 30 is not there"):
        read_frames(clip, [2, 30])


def counted(data, positions, n_frames, monkeypatch):
    """Return the frames, and how many the decoder gave for them."""
    given = []
    decode = reading.needed_frames

    def count(video, wanted, n):
        for item in decode(video, wanted, n):
            given.append(item[0])
            yield item

    monkeypatch.setattr(reading, "needed_frames", count)
    return np.stack(list(iter_frames(data, positions, n_frames, skippable=True))), given


@pytest.mark.parametrize("positions", [[0], [11], [0, 11], [1, 2, 2, 7], list(range(12)), [5]])
def test_sparing_the_decoder_changes_no_pixel(clip, positions, monkeypatch):
    frames, given = counted(clip, positions, len(read_frames(clip)), monkeypatch)
    np.testing.assert_array_equal(frames, read_frames(clip)[positions])
    assert given == sorted(set(positions)), "found by sparing, not by decoding all"


def test_a_wrong_count_falls_back_to_decoding_all(clip, monkeypatch):
    frames, given = counted(clip, [3, 9], 99, monkeypatch)
    np.testing.assert_array_equal(frames, read_frames(clip)[[3, 9]])
    assert given == []
    with pytest.raises(ClipError, match="frame 30 is not there"):
        list(iter_frames(clip, [2, 30], len(read_frames(clip)), skippable=True))


def test_sparing_changes_no_pixel_of_real_clips(real_clips, monkeypatch):
    rng = np.random.default_rng(0)
    for path in sorted(real_clips.glob("train/*/*.mp4"))[::15]:
        data = path.read_bytes()
        whole = read_frames(data)
        positions = np.sort(rng.choice(len(whole), 8))
        frames, given = counted(data, positions, len(whole), monkeypatch)
        np.testing.assert_array_equal(frames, whole[positions])
        assert given == sorted(set(positions.tolist()))
