"""Figures: the same each time, for light and dark pages, and matplotlib's own settings untouched."""

import base64
import re
from xml.etree import ElementTree

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from darkhar_cli.report.figures import style


@style.styled
def drawn(title="$x$", picture=None):
    figure = Figure(figsize=(3, 2), label='a "label" & more')
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], label="漢字")
    axes.set_title(title)
    if picture is not None:
        axes.imshow(picture, interpolation="none")
    return figure


def test_settings_of_matplotlib_are_as_before():
    before = dict(mpl.rcParams)
    figure = drawn()
    style.svg(figure)
    style.png(figure)
    assert dict(mpl.rcParams) == before


def test_an_svg_is_the_same_each_time_and_says_what_it_shows():
    first = style.svg(drawn())
    assert first == style.svg(drawn())
    root = ElementTree.fromstring(first)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'a "label" & more'
    assert "$x$" in [node.text for node in root.iter() if node.tag.endswith("text")]
    assert not re.findall(r'<g id="', first), "several figures stand on a page"
    assert "<metadata" not in first


def test_every_colour_has_another_one_on_a_dark_page():
    rules = style.svg(drawn()).split("<style>")[1].split("</style>")[0]
    dark = rules.split("@media screen and (prefers-color-scheme:dark)")[1]
    for colour in (style.INK, style.MUTED, style.FAINT, style.GROUND, *style.SERIES):
        for what in ("fill", "stroke"):
            assert f'[style*="{what}: {colour}"]' in dark


def luminance(colour):
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_from_both_grounds():
    """WCAG 2.2: 3 to 1 for what is drawn, 4.5 to 1 for text."""
    dark = style._DARK
    for colour in style.SERIES:
        assert contrast(colour, style.GROUND) >= 3
        assert contrast(dark[colour], dark[style.GROUND]) >= 3
    for colour in (style.INK, style.MUTED):
        assert contrast(colour, style.GROUND) >= 4.5
        assert contrast(dark[colour], dark[style.GROUND]) >= 4.5


def test_pictures_in_an_svg_are_jpeg_at_their_own_size():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    found = re.findall(r"data:image/(\w+);base64,([^\"]+)", style.svg(drawn(picture=picture)))
    assert [kind for kind, _ in found] == ["jpeg"]
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(found[0][1]), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == picture.shape


def test_a_png_is_one():
    assert style.png(drawn()).startswith(b"\x89PNG")
