"""Figures of clips: distributions are those of the frames, marks are the frames that samplers pick."""

import numpy as np

from darkhar_cli.report.figures import contact_sheet, enhancement, model_diagram, person_overlay, sampled_frames, style
from darkhar_cli.report.person_seen import PersonSeen


def frame(seed=0, height=30, width=40):
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3)).astype(np.uint8)


def test_an_enhancement_shows_histogram_and_cumulative_distribution_of_each_channel():
    one = frame()
    figure = enhancement.draw([("as recorded", one), ("gamma", np.float32(one) * 1.2 + 0.25)], "clip")
    cumulative = figure.axes[4]
    for channel, line in enumerate(cumulative.lines):
        expected = [100 * (one[..., channel] <= level).mean() for level in range(256)]
        np.testing.assert_allclose(line.get_ydata(), expected)
    histogram = figure.axes[2].patches[0].get_data().values
    counted = np.histogram(one[..., 0], bins=np.arange(0, 257, 8))[0]
    np.testing.assert_allclose(histogram[counted > 0], 100 * counted[counted > 0] / one[..., 0].size)
    assert cumulative.get_xlabel() == "level"


def test_any_number_of_enhancements_stands_in_even_rows():
    figure = enhancement.draw([(f"e{i}", frame(i)) for i in range(7)], "clip")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert sorted(titles) == [f"e{i}" for i in range(7)]
    assert len(figure.axes) == 2 * 3 * 4


def test_each_view_of_a_sampler_is_marked_on_the_time_line():
    views = [np.array([0, 4, 8]), np.array([10, 14, 18]), np.array([20, 24, 28])]
    pictures = [(int(p), frame()) for p in sampled_frames.middle_view(views)]
    assert [position for position, _ in pictures] == [10, 14, 18]
    figure = sampled_frames.draw([sampled_frames.Picked("dense", views, pictures)], "clip", 30, 15.0)
    line, strip = figure.axes
    marks = [segment[0][0] for c in line.collections for segment in c.get_segments() if segment[0][0] == segment[1][0]]
    assert marks == [0, 4, 8, 10, 14, 18, 20, 24, 28]
    assert line.get_title(loc="left") == "dense: 3 views of 3 frames; 3 of the middle view's are shown"
    assert [text.get_text() for text in strip.texts] == ["10", "14", "18"]
    assert "2.0 s at 15 frames a second" in strip.get_xlabel()


def part(name, **parameters):
    return {"name": name, **parameters}


def test_the_model_names_every_part_of_every_stream():
    stream = {
        "sampler": part("uniform", frames=12, short="loop"),
        "enhance": {"denoise": {}, "gamma": {"gamma": 0.5}},
        "extractor": part("pose_flow", weights="auto"),
        "classifier": part("lstm", units=7),
    }
    figure = model_diagram.draw({"streams": {"a": stream, "b": stream}, "fusion": "late"}, 6)
    words = [text.get_text() for text in figure.axes[0].texts]
    for word in ("uniform", "denoise + gamma", "pose_flow", "lstm", "frames=12", "gamma.gamma=0.5", "units=7"):
        assert words.count(word) == 2, word
    assert {"stream a", "stream b", "mean log-probability", "6 classes"} <= set(words)


def test_a_person_is_drawn_where_the_points_are():
    points = np.stack(
        [np.linspace(5, 35, 17), np.linspace(4, 26, 17), np.r_[np.full(10, 0.9), np.full(7, 0.1)]], axis=1
    )
    arrows = np.array([[10.0, 10.0, 1.0, -0.5]])
    axes = person_overlay.draw([PersonSeen(3, frame(), points, np.zeros(4), arrows)], "clip").axes[0]
    segment = next(c for c in axes.collections if hasattr(c, "get_segments")).get_segments()[0]
    np.testing.assert_allclose(segment, [[10, 10], [14, 8]])
    dots = axes.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, points[:10, :2])
    assert axes.get_title(loc="left") == f"frame 3: mean keypoint score {points[:, 2].mean():.2f}"


def test_without_keypoints_the_box_of_what_moves_is_drawn():
    box = np.array([4.0, 5.0, 14.0, 25.0])
    figure = person_overlay.draw([PersonSeen(3, frame(), np.zeros((0, 3)), box, np.zeros((0, 4)))], "clip")
    (drawn,) = figure.axes[0].patches
    assert drawn.get_bbox().extents.tolist() == box.tolist()
    assert figure.axes[0].get_title(loc="left") == "frame 3"
    assert "what moves" in [text.get_text() for text in figure.legends[0].texts]


NASTY = '<b>"x"</b> & $y$ 漢字'


def sheet():
    clip = contact_sheet.ClipPictures(
        f"{NASTY}.mp4", NASTY, 12.34, 30, 15.0, 15, [("as recorded", frame()), ("g", frame(1))]
    )
    return NASTY, "about", {NASTY: [clip, clip]}, {NASTY: 5}


def test_a_contact_sheet_is_one_page_with_every_name_escaped():
    page = contact_sheet.html(*sheet())
    assert "<b>&quot;" not in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert page.count("data:image/jpeg;base64,") == 4
    assert "2 of 5 clips" in page
    assert "luma 12.3 · 30 frames (2.0 s)" in page
    assert '<meta name="viewport"' in page


def test_a_contact_sheet_is_a_picture_too():
    figure = contact_sheet.draw(*sheet())
    words = [text.get_text() for text in figure.axes[0].texts]
    assert f"{NASTY}: 2 of 5 clips" in words
    assert len(figure.axes[0].images) == 4
    assert style.png(figure, dpi=50).startswith(b"\x89PNG")
