"""Some frames of a clip are those that reading all of it gives, whatever the container, codec and structure."""

import io

import av
import numpy as np
import pytest

from darkhar_cli.data.video import DamagedClip, inspect, iter_frames, read_frames
from tests.helpers.generated_clips import PAIRS, cut, damaged, encodable, encode

X264 = {
    "b-frames": {"bf": "3", "x264-params": "b-adapt=0:b-pyramid=normal:ref=3"},
    "open gop": {"x264-params": "open-gop=1:keyint=6:min-keyint=6:bframes=2:b-adapt=0"},
    "intra refresh": {"x264-params": "intra-refresh=1:keyint=8"},
    "interlaced": {"x264-params": "tff=1:bframes=2"},
}
UNEVEN = [0, 1, 2, 5, 6, 7, 9, 14, 15, 16, 17, 30, 31, 32, 33, 34, 40, 41]


def same_in_any_order(data, n_subsets=4):
    """Assert that random subsets equal the full reading; return what the check says of the clip."""
    whole, info = read_frames(data), inspect(data)
    assert len(whole) == info.n_frames
    rng = np.random.default_rng(len(data))
    for size in rng.integers(1, len(whole), n_subsets):
        positions = np.sort(rng.choice(len(whole), size))
        for hints in ((), (info.n_frames,), (info.n_frames, info.skippable)):
            np.testing.assert_array_equal(np.stack(list(iter_frames(data, positions, *hints))), whole[positions])
    for position in range(len(whole)):
        (frame,) = iter_frames(data, [position], info.n_frames, info.skippable)
        np.testing.assert_array_equal(frame, whole[position])
    return info


@pytest.mark.parametrize(("container", "codec"), PAIRS)
def test_subsets_equal_the_whole(container, codec):
    if not encodable(codec):
        pytest.skip(f"this FFmpeg has no encoder for {codec}")
    info = same_in_any_order(encode(container, codec))
    assert info.n_frames == 18
    assert info.skippable == (codec in ("h264", "hevc") and container in ("mp4", "mov", "matroska", "mpegts", "flv"))


@pytest.mark.parametrize("container", ["mp4", "avi", "matroska", "mpegts"])
@pytest.mark.parametrize("structure", X264)
def test_subsets_of_h264_structures(container, structure):
    info = same_in_any_order(encode(container, "h264", options=X264[structure]))
    assert info.skippable == (container != "avi")


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "h264"), ("matroska", "h264"), ("mp4", "hevc"), ("asf", "wmv2")]
)
def test_subsets_of_variable_rate(container, codec):
    assert same_in_any_order(encode(container, codec, times=UNEVEN)).n_frames == 18


def test_subsets_behind_an_edit_list():
    """The first frames are decoded but not shown."""
    data = bytearray(encode("mp4", "h264", options={"x264-params": "bframes=2:b-adapt=0"}))
    entry = data.index(b"elst") + 12
    start = int.from_bytes(data[entry + 4 : entry + 8], "big")
    data[entry + 4 : entry + 8] = (start + 5 * 1024).to_bytes(4, "big")
    assert same_in_any_order(bytes(data)).n_frames == 13


def test_temporal_layers_are_not_skipped():
    """A spare picture of one layer may serve one of a higher layer."""
    options = {"x265-params": "log-level=none:pools=1:frame-threads=1:temporal-layers=3:bframes=3:b-adapt=0"}
    assert not same_in_any_order(encode("mp4", "hevc", options=options)).skippable


def copied(data, container, time_of):
    """Copy a clip's packets into another container, at other times."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(buffer, "w", format=container) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts = time_of(packet)
                packet.stream = stream
                out.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_presentation_times_that_lie_are_found_out(container):
    """Copied from AVI, B-frames carry their decoding order as presentation order: only a full decode knows better."""
    avi = encode("avi", "h264", options=X264["b-frames"])
    data = copied(avi, container, lambda packet: packet.dts)
    assert not same_in_any_order(data).skippable
    np.testing.assert_array_equal(read_frames(data), read_frames(avi))


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_damaged_pixels_do_not_depend_on_what_is_asked_for(container):
    data = damaged(encode(container, "h264", n=24, options=X264["b-frames"]), packet=5)
    with pytest.raises(DamagedClip) as raised:
        inspect(data)
    info, whole = raised.value.info, read_frames(data)
    assert info.corrupt > 0
    assert not info.skippable
    assert info.n_frames == len(whole)
    for positions in ([3], [11, 12], [5, 9, 20], list(range(0, len(whole), 3))):
        frames = np.stack(list(iter_frames(data, positions, info.n_frames, info.skippable)))
        np.testing.assert_array_equal(frames, whole[positions])


def test_a_clip_that_changed_since_it_was_tried_is_decoded_in_order():
    data = encode("mpegts", "h264")
    shorter = cut(data, 0.7)
    whole = read_frames(shorter)
    frames = np.stack(list(iter_frames(shorter, [2, 5], 18, skippable=True)))
    np.testing.assert_array_equal(frames, whole[[2, 5]])
