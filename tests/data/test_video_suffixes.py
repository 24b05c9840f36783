"""Each file name ending that is taken for a video opens, as far as such files can be made here."""

import pytest
from darkhar_datasets.video_folder.video_folder_dataset_builder import VIDEO

from darkhar_cli.data.video import ClipError, inspect, read_frames
from tests.helpers.generated_clips import encodable, encode

MADE = {  # container, codec and (height, width) -> endings
    ("mp4", "h264", (48, 64)): "mp4 m4v mov qt",
    ("f4v", "h264", (48, 64)): "f4v",
    ("ismv", "h264", (48, 64)): "ismv",
    ("3gp", "h264", (48, 64)): "3gp",
    ("3g2", "h264", (48, 64)): "3g2",
    ("avi", "mpeg4", (48, 64)): "avi divx",
    ("matroska", "h264", (48, 64)): "mkv mk3d",
    ("webm", "vp9", (48, 64)): "webm",
    ("ogv", "vp8", (48, 64)): "ogv ogm",
    ("flv", "flv1", (48, 64)): "flv",
    ("asf", "wmv2", (48, 64)): "wmv asf",
    ("mpeg", "mpeg1video", (48, 64)): "mpg mpeg mpe",
    ("vob", "mpeg2video", (48, 64)): "vob",
    ("gif", "gif", (48, 64)): "gif",
    ("apng", "apng", (48, 64)): "apng",
    ("mpegts", "h264", (48, 64)): "ts mts m2t",
    ("mxf", "mpeg2video", (48, 64)): "mxf",
    ("gxf", "mpeg2video", (576, 720)): "gxf",
    ("dv", "dvvideo", (576, 720)): "dv dif",
    ("nut", "h264", (48, 64)): "nut",
    ("rm", "rv20", (96, 128)): "rm rmvb",
    ("wtv", "mpeg2video", (48, 64)): "wtv",
    ("ivf", "vp9", (48, 64)): "ivf",
    ("yuv4mpegpipe", "rawvideo", (48, 64)): "y4m",
    ("h264", "h264", (48, 64)): "h264 264 avc h26l",
    ("hevc", "hevc", (48, 64)): "h265 265 hevc",
    ("h261", "h261", (144, 176)): "h261",
    ("h263", "h263", (96, 128)): "h263",
    ("mpeg1video", "mpeg1video", (48, 64)): "m1v mpv",
    ("mpeg2video", "mpeg2video", (48, 64)): "m2v",
    ("mjpeg", "mjpeg", (48, 64)): "mjpg mjpeg",
    ("obu", "av1", (64, 64)): "av1 obu",
}
NO_MUXER = "mj2 m2ts nsv amv dav kux h266 266 vvc vc1 cavs avs2 avs3"  # m2ts: see the transport streams


def test_each_ending_is_made_here_or_cannot_be():
    assert {f".{name}" for names in [*MADE.values(), NO_MUXER] for name in names.split()} == VIDEO


@pytest.mark.parametrize(("container", "codec", "size"), MADE)
def test_its_files_open(container, codec, size, monkeypatch):
    monkeypatch.setenv("SVT_LOG", "0")
    if not encodable(codec):
        pytest.skip(f"this FFmpeg has no encoder for {codec}")
    data = encode(container, codec, n=6, size=size)
    info = inspect(data)
    assert (info.n_frames, info.height, info.width, info.corrupt) == (6, *size, 0)
    assert read_frames(data).shape == (6, *size, 3)
    assert info.fps == pytest.approx(50 if container == "gxf" else 12.5 if container == "gif" else info.fps)
    assert 10 < info.fps <= 50


def test_raw_dv_runs_at_its_pictures_rate():
    assert inspect(encode("dv", "dvvideo", n=3, size=(576, 720))).fps == 25


def test_a_single_jpeg_is_no_clip():
    with pytest.raises(ClipError, match="not a video"):
        inspect(encode("mjpeg", "mjpeg", n=1))
