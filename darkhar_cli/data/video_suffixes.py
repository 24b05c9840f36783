"""Which files are clips, by their suffix: what ffmpeg reads by container, and streams without one."""

_CONTAINERS = "mp4 m4v mov qt f4v ismv 3gp 3g2 mj2 avi divx mkv mk3d webm ogv ogm flv wmv asf mpg mpeg mpe vob gif apng"
_CONTAINERS += " ts mts m2ts m2t mxf gxf dv dif nut rm rmvb wtv nsv ivf amv y4m dav kux"
_STREAMS = "h264 264 avc h26l h265 265 hevc h266 266 vvc h261 h263 m1v m2v mpv mjpg mjpeg av1 obu vc1 cavs avs2 avs3"
VIDEO = {f".{name}" for name in f"{_CONTAINERS} {_STREAMS}".split()}
