"""Transport streams cut between two packets: a hole in the times, or a sound that is not whole."""

import numpy as np
import pytest

from darkhar_cli.data.video import ClipError, inspect, read_frames, transport
from tests.helpers.generated_clips import encode

BFRAMES = {"bf": "3", "x264-params": "b-adapt=0:b-pyramid=none:keyint=250"}


@pytest.mark.parametrize(
    ("times", "hole"),
    [
        ([0, 4, 1, 2, 3, 8, 5, 6, 7, 12, 9, 10, 11], False),
        ([0, 4, 1, 2, 3, 8, 5, 6, 7, 12, 9], True),  # 10 and 11 are missing
        ([0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10], True),  # the middle one of a pyramid first
        ([0, 4, 1, 2, 3, 8, 5, 6, 7, 12], False),  # it may be a pause
        ([0, 1, 2, 3, 4, 5, 6, 7, 20], False),  # a pause before the last
        ([0, 9, 2, 3, 5, 20, 11, 14, 15, 40, 22], False),  # a variable rate
        ([0, 4, 1, 2, 3, 8, 5, 6, 7, 15, 9, 10], False),  # a pause longer than any group
        ([0, 4, 1, 2], False),  # too few to tell
        ([0, 4, 1, 2, 3, 8, 5, 6, 7, 12, None], False),
        ([], False),
    ],
)
def test_a_hole_in_even_times(times, hole):
    stretched = [None if time is None else time * 3003 for time in times]
    assert transport.has_hole(stretched) == hole


@pytest.mark.parametrize(("container", "size"), [("mpegts", 188), ("m2ts", 192)])
def test_no_cut_between_packets_shows_a_picture_without_those_before_it(container, size):
    """Where all but the last mini-group's first picture are there, which could be a pause, nothing can be known."""
    muxer = {"mpegts_m2ts_mode": "1"} if container == "m2ts" else {}
    data = encode("mpegts", "h264", n=24, size=(96, 128), options=BFRAMES, muxer=muxer)
    whole = read_frames(data)
    named, taken = [], 0
    for count in range(len(data) // size // 2, len(data) // size):
        try:
            n = inspect(data[: count * size]).n_frames
        except ClipError as problem:
            named.append(str(problem))
            continue
        frames = read_frames(data[: count * size])
        taken += bool((frames[:-1] != whole[: n - 1]).any())
    assert all("cut off" in one for one in named)
    assert any("pictures before the last are missing" in one for one in named)
    assert not taken, "only the last picture may stand behind a pause"


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2video"])
@pytest.mark.parametrize(
    "times", [None, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30], [0, 1, 2, 5, 6, 7, 9, 14, 15, 16, 17, 30]]
)
def test_whole_streams_with_pauses_are_taken(codec, times):
    assert inspect(encode("mpegts", codec, n=12, times=times)).n_frames == 12


def test_a_sound_that_is_not_whole_is_a_cut():
    data = encode("mpegts", "h264", n=12, sound=1.5)
    assert inspect(data).n_frames == 12
    packets = [data[i : i + 188] for i in range(0, len(data), 188)]
    streams = [int.from_bytes(packet[1:3]) & 0x1FFF for packet in packets]
    last = max(i for i, stream in enumerate(streams) if stream == 0x101)
    assert not packets[last][1] & 0x40, "the packet continues one"
    del packets[last]
    assert transport.transport(b"".join(packets)) == "the last packet of a stream is not whole"
    with pytest.raises(ClipError, match="cut off: the last packet of a stream is not whole"):
        inspect(b"".join(packets))


def test_the_times_of_real_pictures_are_even_enough():
    """29.97 pictures a second in units of 1/90,000 and of 1/1,000 s."""
    order = [0, 4, 1, 2, 3, 8, 5, 6, 7, 12, 9, 10, 11]
    for unit in (90_000, 1_000):
        assert not transport.has_hole([int(np.rint(i * unit * 1001 / 30_000)) for i in order])
        assert transport.has_hole([int(np.rint(i * unit * 1001 / 30_000)) for i in order[:-1]])
