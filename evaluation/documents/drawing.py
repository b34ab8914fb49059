"""What the figures share: colours, fonts, bars with intervals, footnotes, and files.

Figures are built from matplotlib's objects, without pyplot: no global list of figures grows in a worker.
"""

import io
import textwrap
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.statistics.estimates import Estimate

# Okabe and Ito's palette, which colour-blind readers can tell apart
BLACK, ORANGE, SKY_BLUE = "#000000", "#E69F00", "#56B4E9"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"
SILVER = "#BFBFBF"
FAINT = "#E3E3E3"

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same figure on every machine
    "font.size": 9,
    "text.parse_math": False,  # a $ in a label is a dollar
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.08,  # inches
    "figure.constrained_layout.w_pad": 0.08,
    "svg.fonttype": "path",  # an SVG in an <img> cannot load fonts
    "svg.hashsalt": "daamweb",  # the same figure gives the same bytes
    "pdf.fonttype": 42,  # TrueType, embedded; publishers refuse the default, Type 3
}
# Once, and not in rc_context: that one swaps the global settings, which two threads would do to each other
mpl.rcParams.update(STYLE)


def render_figure(figure: Figure, format: str) -> bytes:
    """The figure as the bytes of a file: "svg", "pdf" or "png" (300 dots per inch), without a date.

    Fonts are embedded: as outlines in SVG, as TrueType in PDF. Raises ValueError for another format.
    """
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    if format not in undated:
        raise ValueError(f'a figure is rendered as "svg", "pdf" or "png", not as {format!r}')
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=300, metadata=undated[format])
    return file.getvalue()


def draw_shares(
    axes: Axes, positions: Sequence[float], shares: Sequence[Estimate], colours: Sequence[str]
) -> None:
    """Bars from 0 to 100 % with their intervals; a group without data is named so, and has no bar."""
    for x, share, colour in zip(positions, shares, colours, strict=True):
        if share.value is None or share.low is None or share.high is None:
            axes.text(x, 0.02, "no data", rotation=90, ha="center", va="bottom", color=GREY, fontsize=7.5)
            continue
        axes.bar(x, share.value, width=0.78, color=colour)
        below, above = max(share.value - share.low, 0), max(share.high - share.value, 0)
        axes.errorbar(x, share.value, [[below], [above]], color=BLACK, lw=1.1, capsize=3)
        axes.annotate(
            f"{100 * share.value:.0f}%",
            (x, share.high),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            size=8,
        )
    axes.set_ylim(0, 1.08)  # room for the number above a bar of 100 %
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)


def name_groups(axes: Axes, centres: Sequence[float], names: Sequence[str], slanted: bool = False) -> None:
    """Names below the numbers on the x axis."""
    for centre, name in zip(centres, names, strict=True):
        axes.annotate(
            name,
            (centre, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4 if slanted else 0, -18),
            textcoords="offset points",
            ha="right" if slanted else "center",
            va="top",
            rotation=45 if slanted else 0,
            rotation_mode="anchor" if slanted else "default",
        )


def message_figure(message: str, detail: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = Figure(figsize=(5.2, 2.0))
    figure.text(0.5, 0.58, message, ha="center", va="center", fontsize=11)
    figure.text(0.5, 0.34, detail, ha="center", va="center", fontsize=8, color=GREY)
    return figure


def add_footnote(figure: Figure, text: str) -> None:
    # An inch holds at least 14 characters of 8 points
    lines = textwrap.fill(text, int(14 * figure.get_figwidth()))
    figure.supxlabel(lines, fontsize=8, color=GREY, x=0.01, ha="left", linespacing=1.3)
