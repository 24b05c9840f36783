"""Whole files with something behind them, files written to a pipe, and cuts that a container's structure tells."""

import numpy as np
import pytest

from darkhar_cli.data.video import ClipError, DamagedClip, inspect, ogg, plain, read_frames, structure
from tests.helpers.generated_clips import cut, encodable, encode

BEHIND = [b"TRAILING GARBAGE TEXT", b"TAIL", b"\n", bytes(300), bytes(range(255, 0, -1)) * 9]
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
KINDS = {  # name -> how it is encoded
    "mp4": ("mp4", "h264", {}),
    "fragments": ("mp4", "h264", {"muxer": FRAGMENTS}),
    "asf": ("asf", "wmv2", {}),
    "ivf": ("ivf", "vp9", {}),
    "gif": ("gif", "gif", {}),
    "apng": ("apng", "apng", {}),
    "avi": ("avi", "mjpeg", {}),
    "matroska": ("matroska", "h264", {}),
    "flv": ("flv", "h264", {}),
    "ogg": ("ogg", "vp8", {}),
    "mjpeg": ("mjpeg", "mjpeg", {}),
    "mxf": ("mxf", "mpeg2video", {}),
    "y4m": ("yuv4mpegpipe", "rawvideo", {}),
    "dv": ("dv", "dvvideo", {"size": (576, 720)}),
}


def made(kind, n=12, **options):
    container, codec, usual = KINDS[kind]
    if not encodable(codec):
        pytest.skip(f"this FFmpeg has no encoder for {codec}")
    return encode(container, codec, n=n, **{**usual, **options})


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_behind_a_whole_file_does_no_harm(kind):
    data = made(kind)
    whole = read_frames(data)
    for behind in BEHIND:
        info = inspect(data + behind)
        assert (info.n_frames, info.corrupt) == (12, 0), behind
        np.testing.assert_array_equal(read_frames(data + behind), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_of_it_is_named(kind):
    data = made(kind)
    for share in (0.3, 0.45, 0.6, 0.77, 0.9):
        with pytest.raises(ClipError, match="cut off"):
            inspect(cut(data, share))


def test_a_cut_at_any_byte_of_a_fragmented_mp4s_boxes():
    data = made("fragments", options={"g": "4"})
    place = data.rindex(b"moof") - 4
    for behind in (4, 5, 7, 8, 12, 40):
        with pytest.raises(ClipError, match="cut off"):
            inspect(data[: place + behind])


def test_a_broken_box_between_fragments_is_no_end():
    data = bytearray(made("fragments", options={"g": "4"}))
    second = data.index(b"moof", data.index(b"moof") + 4)
    assert data.rindex(b"moof") > second
    data[second - 4 : second + 4] = b"WXYZwxyz"
    assert structure.missing(bytes(data), "mov").startswith(structure.BROKEN)
    with pytest.raises(ClipError, match="damaged: its structure breaks"):
        inspect(bytes(data))


@pytest.mark.parametrize(
    ("container", "codec"),
    [("avi", "mpeg4"), ("avi", "mjpeg"), ("ivf", "vp9"), ("asf", "wmv2"), ("flv", "h264"), ("matroska", "h264")],
)
def test_files_written_to_a_pipe(container, codec):
    data = encode(container, codec, n=24, piped=True)
    info = inspect(data)
    assert (info.n_frames, info.fps, info.corrupt) == (24, 12, 0)
    for share in (0.4, 0.6, 0.8, 0.95):
        with pytest.raises(ClipError, match="cut off") as raised:
            inspect(cut(data, share))
        assert "header says 3579" not in str(raised.value)


@pytest.mark.parametrize(("container", "codec"), [("mpeg1video", "mpeg1video"), ("mpeg2video", "mpeg2video")])
def test_a_last_picture_that_alone_is_corrupt_is_a_cut(container, codec):
    data = encode(container, codec, n=24, size=(96, 128))
    for share in np.linspace(0.3, 0.97, 9):
        with pytest.raises(ClipError, match="cut off"):
            inspect(cut(data, share))


def test_a_corrupt_picture_in_the_middle_is_no_cut():
    data = bytearray(encode("mpeg1video", "mpeg1video", n=24, size=(96, 128)))
    middle = len(data) // 2
    data[middle : middle + 40] = np.random.default_rng(1).bytes(40)
    with pytest.raises(DamagedClip, match="damaged: "):
        inspect(bytes(data))


@pytest.mark.parametrize(
    ("colours", "samples"),
    [("C420jpeg", 72), ("C422", 96), ("C444", 144), ("C444alpha", 192), ("Cmono", 48), ("C420p10", 144), ("", 72)],
)
def test_y4m_frames_have_the_size_that_the_first_line_gives(colours, samples):
    """8 by 6 pixels."""
    head = f"YUV4MPEG2 W8 H6 F12:1 Ip {colours} XYSCSS=420\n".encode()
    data = head + (b"FRAME\n" + b"\x50" * samples) * 3
    assert plain.y4m(data) == structure.WHOLE
    assert plain.y4m(data[:-1]) == f"{len(data) - 1} of at least {len(data)} bytes are there"
    assert plain.y4m(data + b"FRA")
    assert plain.y4m(data.replace(b"W8", b"Wx")) is None


def test_the_checksum_of_an_ogg_page_is_that_of_its_definition():
    page = bytearray(np.random.default_rng(0).bytes(300))
    value = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 1 << 31 else value << 1) & 0xFFFFFFFF
    assert ogg.checksum(bytes(page)) == value


def test_pages_that_the_demuxer_would_drop_are_named():
    data = bytearray(encode("ogg", "vp8", n=48, size=(96, 128)))
    assert inspect(bytes(data)).n_frames == 48
    data[len(data) // 2] ^= 0x55
    with pytest.raises(ClipError, match=r"damaged: its structure breaks at byte .* the checksum of a page is wrong"):
        inspect(bytes(data))


@pytest.mark.parametrize(("container", "codec"), [("asf", "wmv2"), ("asf", "wmv1"), ("avi", "msmpeg4")])
def test_damage_in_the_middle_of_windows_media_is_marked(container, codec):
    data = encode(container, codec, n=24, size=(96, 128))
    assert inspect(data).corrupt == 0
    found = 0
    for seed in range(6):
        broken, rng = bytearray(data), np.random.default_rng(seed)
        place = len(data) // 2 + int(rng.integers(-len(data) // 6, len(data) // 6))
        broken[place : place + 20] = rng.bytes(20)
        try:
            inspect(bytes(broken))
        except ClipError:
            found += 1
    assert found >= 4
