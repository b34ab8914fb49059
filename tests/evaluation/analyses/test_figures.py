import io
import re
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from annotations.kinds.attribution.wordings import SCALE
from evaluation.analyses.cohyponyms.analysis import analyze_presence
from evaluation.analyses.cohyponyms.figures import accuracy_figure
from evaluation.analyses.opinion.analysis import analyze_opinion
from evaluation.analyses.opinion.figures import PARTS_OF_SPEECH, opinion_figure, response_statistics_figure
from evaluation.documents.drawing import render_figure
from tests.evaluation.analyses.response_frames import attribution_frame, presence_frame

NO_RESPONSES = []
SINGLE_RATERS = [("NOUN", {"ann": 5}), ("DET", {"ann": 7})]
YOUNG = [
    ("NOUN", {"ann": 5, "bo": 4}),  # one item: 4.5
    ("VERB", {"ann": 4, "bo": 4}),
    ("VERB", {"ann": 4, "bo": 4}),  # no variance: 4
    ("ADJ", {"ann": 2, "bo": 1}),
    ("ADJ", {"ann": 5, "bo": 4}),  # 1.5 and 4.5: an interval far beyond the scale
    ("DET", {"ann": 7, "bo": 4}),  # dropped
]
EVERY_PART_OF_SPEECH = [
    (tag, {"ann": 3 + offset % 3, "bo": 2 + number % 4, "cy": 4})
    for number, tag in enumerate([*PARTS_OF_SPEECH, None, "$NN$"])
    for offset in range(3)
]
STUDIES = {
    "no responses": NO_RESPONSES,
    "single raters": SINGLE_RATERS,
    "young": YOUNG,
    "every part of speech": EVERY_PART_OF_SPEECH,
}

BOTH, ONE = ["cake", "bus"], ["bus"]
WORDS = tuple(SCALE.values())
PRESENCE = {
    "no responses": ([], 3),
    "incomplete": ([(BOTH, False, [BOTH])], 3),
    "others alone": ([(BOTH, False, [BOTH, BOTH, ONE])], 3),
    "one annotator": ([(BOTH, True, [BOTH]), (BOTH, False, [ONE])], 1),
    "all groups": (
        [
            *[(BOTH, True, [BOTH, ONE, ONE]), (BOTH, True, [ONE, ONE, ONE])] * 3,
            *[(BOTH, False, [BOTH, BOTH, BOTH])] * 5,
            (BOTH, None, [BOTH, BOTH, BOTH]),
            (BOTH, True, [BOTH]),
        ],
        3,
    ),
}


def opinion(name):
    return analyze_opinion(attribution_frame(STUDIES[name]))


def presence(name):
    images, replicas = PRESENCE[name]
    return analyze_presence(presence_frame(images), replicas=replicas)


def with_words(draw):
    return lambda analysis: draw(analysis, WORDS)


ALL_FIGURES = [
    *[pytest.param(with_words(opinion_figure), opinion, name, id=f"opinion: {name}") for name in STUDIES],
    *[
        pytest.param(with_words(response_statistics_figure), opinion, name, id=f"responses: {name}")
        for name in STUDIES
    ],
    *[pytest.param(accuracy_figure, presence, name, id=f"accuracy: {name}") for name in PRESENCE],
]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize(("draw", "analyze", "name"), ALL_FIGURES)
def test_nothing_is_drawn_beyond_the_canvas(draw, analyze, name):
    figure = draw(analyze(name))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = figure.get_tightbbox(canvas.get_renderer())  # in inches
    width, height = figure.get_size_inches()
    assert drawn.x0 >= 0
    assert drawn.y0 >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


def test_scores_are_drawn_in_descending_order_with_their_intervals_and_numbers():
    analysis = analyze_opinion(
        attribution_frame(
            [("VERB", {"ann": score, "bo": score}) for score in (2, 2, 3, 2, 2, 3, 2, 2)]
            + [("NOUN", {"ann": score, "bo": score}) for score in (4, 5, 4)]
        )
    )
    figure = opinion_figure(analysis, WORDS)
    above, below = figure.axes
    points = above.lines[0].get_xydata().tolist()
    assert points == [[0, pytest.approx(13 / 3)], [1, pytest.approx(2.25)]]
    intervals = [
        line.vertices[:, 1].tolist() for collection in above.collections for line in collection.get_paths()
    ]
    verb = next(row for row in analysis.rows if row.part_of_speech == "VERB").mean_opinion_score
    assert intervals[1] == [pytest.approx(verb.low), pytest.approx(verb.high)]
    assert [bar.get_height() for bar in below.patches] == [1.0, 0.25]
    assert [label.get_text() for label in below.get_xticklabels()] == ["n=3", "n=8"]
    assert [text for text in texts(figure) if text in ("noun", "verb")] == ["noun", "verb"]


def test_special_cases_of_an_interval_are_explained():
    shown = texts(opinion_figure(opinion("young"), WORDS))
    assert {"one item: no interval", "all scores equal", "interval continues"} <= set(shown)
    assert "Not shown, all items dropped: determiner (1)." in shown
    ordinary = texts(
        opinion_figure(analyze_opinion(attribution_frame([("NOUN", {"a": 3, "b": 4})] * 2)), WORDS)
    )
    assert "interval continues" not in ordinary


def test_a_study_without_scores_says_so_and_why():
    shown = "\n".join(texts(opinion_figure(opinion("single raters"), WORDS)))
    assert "No item has an opinion score yet." in shown
    assert "Dropped as too abstract: 1; for fewer than 2 valid ratings: 1." in shown


def test_options_are_stacked_to_one_hundred_percent_per_part_of_speech():
    figure = response_statistics_figure(opinion("young"), WORDS)
    (axes,) = figure.axes
    ends = {round(bar.get_x() + bar.get_width(), 6) for bar in axes.containers[6]}
    assert ends == {100.0}
    # verbs: four times option 4; all: options 1 2 4 5 7 of twelve responses
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "adjective",
        "noun",
        "verb",
        "determiner",
        "all",
    ]
    assert [bar.get_width() for bar in axes.containers[3]] == pytest.approx([25, 50, 100, 50, 100 * 7 / 12])
    assert "n = 12" in texts(figure)


def test_an_empty_study_has_no_response_statistics_and_says_so():
    assert "No responses yet." in texts(response_statistics_figure(opinion("no responses"), WORDS))


def test_accuracy_is_drawn_per_rule_and_group():
    figure = accuracy_figure(presence("all groups"))
    (axes,) = figure.axes
    # per rule: cohyponyms, others, unknown, all
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(
        [0.5, 1, 1, 9 / 12, 0, 1, 1, 6 / 12, 0, 1, 1, 6 / 12]
    )
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["n=6", "n=5", "n=1", "n=12"] * 3
    notes = " ".join(" ".join(texts(figure)).split())
    assert "cohyponyms minus others −50.0 points" in notes
    assert "Left out: 1 image with fewer submissions than replicas." in notes


def test_a_group_without_images_is_named_and_not_drawn_as_zero():
    figure = accuracy_figure(presence("others alone"))
    (axes,) = figure.axes
    assert len(axes.patches) == 6  # others and all, under three rules
    assert texts(figure).count("no data") == 3
    assert "No comparison: there are no images of cohyponyms, or none of others." in texts(figure)


def test_a_study_without_complete_images_says_so():
    shown = "\n".join(texts(accuracy_figure(presence("incomplete"))))
    assert "No image has been judged by all its annotators yet." in shown
    assert "With fewer than 3 submissions: 1" in shown


@pytest.mark.parametrize("format", ["svg", "pdf", "png"])
def test_the_same_analysis_gives_the_same_bytes(format):
    files = [render_figure(opinion_figure(opinion("young"), WORDS), format) for _ in range(2)]
    assert files[0] == files[1]


def test_svg_carries_its_letters_as_outlines_and_no_date():
    svg = render_figure(accuracy_figure(presence("all groups")), "svg")
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert "svg" in tags
    assert not tags & {"text", "date", "image"}


def test_pdf_embeds_truetype_fonts():
    pdf = render_figure(accuracy_figure(presence("all groups")), "pdf")
    assert pdf.startswith(b"%PDF")
    assert re.search(rb"/FontFile2", pdf)
    assert b"/Type3" not in pdf
    assert b"/CreationDate" not in pdf


def test_png_has_three_hundred_dots_per_inch_on_white():
    image = Image.open(io.BytesIO(render_figure(response_statistics_figure(opinion("young"), WORDS), "png")))
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.width == 2160  # 7.2 inches
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_other_formats_are_refused():
    with pytest.raises(ValueError, match='"svg", "pdf" or "png", not as \'gif\''):
        render_figure(opinion_figure(opinion("young"), WORDS), "gif")
