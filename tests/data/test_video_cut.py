"""Cut and damaged files are named, by what their container and decoder tell; whole files are taken."""

import pickle

import numpy as np
import pytest

from darkhar_cli.data.video import ClipError, DamagedClip, avi, inspect, opening, read_frames, structure
from tests.helpers.generated_clips import PAIRS, cut, damaged, encodable, encode

SHARES = (0.3, 0.6, 0.95)
# Cut at 60 %, these still give frames, and their header says how long they were.
TELL_SECONDS = [("matroska", "h264"), ("matroska", "vp8"), ("webm", "vp9"), ("flv", "h264"), ("ivf", "vp9")]
TELL_SECONDS += [("avi", "mjpeg"), ("asf", "wmv2")]
LONG = [0, 1, 2, 3, 4, 9, 10, 30]


def made(container, codec, **options):
    if not encodable(codec):
        pytest.skip(f"this FFmpeg has no encoder for {codec}")
    return encode(container, codec, **options)


@pytest.mark.parametrize(("container", "codec"), PAIRS)
def test_whole_files_are_taken_and_cut_ones_refused(container, codec):
    data = made(container, codec, n=24)
    info = inspect(data)
    assert (info.n_frames, info.corrupt) == (24, 0)
    for share in SHARES:
        with pytest.raises(ClipError, match=r"cut off|damaged"):
            inspect(cut(data, share))


@pytest.mark.parametrize(("container", "codec"), TELL_SECONDS)
def test_a_cut_says_what_was_announced_and_what_is_there(container, codec):
    data = made(container, codec, n=48, size=(96, 128))
    with pytest.raises(ClipError, match=r"cut off: header says (3\.9|4\.0|4\.2) s, [0-3]\.\d s are there"):
        inspect(cut(data, 0.6))


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe", "dash"])
def test_fragmented_mp4(flags):
    data = encode("mp4", "h264", n=24, options={"g": "6"}, muxer={"movflags": flags})
    assert inspect(data).n_frames == 24
    for share in SHARES:
        with pytest.raises(ClipError, match="cut off"):
            inspect(cut(data, share))


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "asf", "flv", "mpegts"])
def test_a_sound_that_is_longer_is_no_cut(container):
    codec = "wmv2" if container == "asf" else "h264"
    assert inspect(encode(container, codec, n=12, sound=3.0)).n_frames == 12


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "webm", "asf", "flv", "nut"])
def test_variable_rate_is_no_cut(container):
    codec = {"webm": "vp9", "asf": "wmv2"}.get(container, "h264")
    assert inspect(encode(container, codec, n=8, times=LONG)).n_frames == 8


def test_a_file_without_sizes_is_judged_by_its_last_picture():
    """Written to a pipe, Matroska knows neither its size nor its duration."""
    data = encode("matroska", "h264", n=24, muxer={"live": "1"})
    assert structure.missing(data, "matroska") is None
    assert inspect(data).n_frames == 24
    with pytest.raises(ClipError, match="cut off"):
        inspect(cut(data, 0.6))


def test_a_transport_stream_cut_at_a_packet_is_judged_by_its_last_picture():
    data = encode("mpegts", "h264", n=12, size=(192, 256))
    whole_packets = data[: len(data) * 6 // 10 // 188 * 188]
    assert structure.missing(whole_packets, "mpegts") is None
    with pytest.raises(ClipError, match="cut off"):
        inspect(whole_packets)


def test_a_matroska_file_with_zeros_for_its_end():
    """As an unfinished download leaves it."""
    data = encode("matroska", "h264", n=24)
    kept = int(0.6 * len(data))
    with pytest.raises(ClipError, match=r"damaged: its structure breaks at byte"):
        inspect(data[:kept] + bytes(len(data) - kept))


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg", "ffv1"])
def test_empty_avi_chunks_repeat_the_last_frame(codec):
    data = encode("avi", codec, n=8, times=[0, 1, 4, 5, 6, 9, 10, 11])
    info, frames = inspect(data), read_frames(data)
    assert (info.n_frames, info.fps) == (12, 12)
    plain = read_frames(encode("avi", codec, n=8))
    np.testing.assert_array_equal(frames, plain[[0, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 7]])
    np.testing.assert_array_equal(read_frames(data, [2, 3, 4, 8, 11]), plain[[1, 1, 2, 4, 7]])


def test_an_avi_with_every_other_chunk_empty_runs_at_its_pictures_rate():
    """So FFmpeg copies 30 frames a second into AVI: a tick of 60 Hz."""
    data = encode("avi", "h264", n=12, times=list(range(0, 24, 2)))
    info = inspect(data)
    assert (info.n_frames, info.fps) == (12, 6)


def test_empty_chunks_behind_the_last_frame_are_read_from_the_index():
    rows = [b"00dc" + bytes(8) + size.to_bytes(4, "little") for size in (700, 0, 90, 0, 0)]
    rows.insert(4, b"01wb" + bytes(8) + b"\x10\0\0\0")
    index = b"idx1" + (16 * len(rows)).to_bytes(4, "little") + b"".join(rows)
    assert avi.trailing(b"RIFF....AVI " + index, 0) == 2
    assert avi.trailing(b"RIFF....AVI " + index, 1) == 0
    data = encode("avi", "mjpeg", n=4)
    with opening.open_video(data) as video:
        packets = [packet for packet in video.container.demux(video.stream) if packet.size]
        frames = [frame for packet in packets for frame in video.context.decode(packet)]
        shown = [times for _, times in avi.Ticks(video, packets, trailing=2).repeated(frames)]
    assert shown == [1, 1, 1, 3]


def test_corrupt_frames_are_counted_and_can_be_kept():
    data = damaged(encode("mp4", "h264", n=24, options={"x264-params": "bframes=0:keyint=12"}), packet=12)
    with pytest.raises(DamagedClip, match=r"^damaged: \d+ of 24 frames are corrupt$") as raised:
        inspect(data)
    info = raised.value.info
    assert (info.n_frames, info.height, info.width) == (24, 48, 64)
    assert 0 < info.corrupt < 24
    assert str(info.corrupt) in str(raised.value)
    assert len(read_frames(data)) == 24
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.info) == (str(raised.value), info)


def test_packets_that_the_decoder_refuses_are_counted():
    data = bytearray(encode("matroska", "vp8", n=12))
    whole = inspect(bytes(data)).n_frames
    with opening.open_video(bytes(data)) as video:
        packet = [packet for packet in video.container.demux(video.stream) if packet.size][5]
        start = data.index(bytes(packet)[:40])
    data[start : start + 12] = b"\xff" * 12
    with pytest.raises(DamagedClip, match="of 12 packets cannot be decoded") as raised:
        inspect(bytes(data))
    assert raised.value.info.n_frames < whole
    assert len(read_frames(bytes(data))) == raised.value.info.n_frames


def test_every_real_clip_is_whole(real_clips):
    paths = sorted(real_clips.glob("**/*.mp4"))
    for path in paths[::12]:
        data = path.read_bytes()
        info = inspect(data)
        assert (info.corrupt, info.skippable) == (0, True)
        for share in (0.6, 0.95):
            with pytest.raises(ClipError, match="cut off"):
                inspect(cut(data, share))
