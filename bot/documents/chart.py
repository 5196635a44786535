"""The group's savings as a picture for the chat: the money over time, and what each member has saved.

Drawn to be read on a small phone and not to flatter: the axis begins at zero, and between two points the line stays
where the money was. Lengths are pixels, from the top left corner.
"""

from datetime import date
from io import BytesIO

from babel.dates import format_date
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from bot.documents.lettering import BOLD, REGULAR, printable
from bot.documents.model import SavingsChart
from bot.documents.words import Words, has_cents
from core.money import Money, minor_digits

SIDE = 1080
DPI = 100
EDGE = 64
INK, SOFT, LINE, WASH, INDIGO, AMBER = "#1a1f2e", "#5a6174", "#dcdfe8", "#eef0f6", "#2f3e9e", "#f4b740"
MOST_MEMBERS = 12
MOST_DATES = 4
TOP, BOTTOM, BARS_BOTTOM = 266.0, 920.0, 990.0
TALLEST_BARS, TALLEST_BAR, NAME_WIDTH = 336, 46, 310
LONG_SPAN_DAYS = 300


def savings(chart: SavingsChart) -> bytes:
    """A PNG of 1080 × 1080 pixels."""
    figure = Figure(figsize=(SIDE / DPI, SIDE / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)  # It knows how wide texts are.
    amounts = [Money(minor, chart.currency) for _, minor in chart.points + chart.members]
    words = Words(chart.language, has_cents(*amounts))
    _head(figure, words, chart)
    bottom = BOTTOM
    if chart.members:
        bottom = _bars(figure, words, chart) - 112
    _money(figure, chart, bottom)
    _brand(figure)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": None})
    return picture.getvalue()


def _head(figure: Figure, words: Words, chart: SavingsChart) -> None:
    """Whose money it is, and how much there is now: all that most people will read."""
    on, minor = chart.points[-1] if chart.points else (None, 0)
    _write(figure, EDGE, 86, f"{printable(chart.group_name)} · {printable(chart.title)}", 28, SOFT, SIDE - 2 * EDGE)
    amount = words.money(Money(minor, chart.currency))
    size = min(76, 76 * 19 // max(len(amount), 1))
    _write(figure, EDGE, 172, amount, size, INK, SIDE - 2 * EDGE, bold=True)
    if on is not None:
        _write(figure, EDGE, 216, words.say("document-chart-last", date=words.day(on)), 24, SOFT)


def _money(figure: Figure, chart: SavingsChart, bottom: float) -> None:
    """The area under the group's money over time."""
    if not chart.points:
        empty = Words(chart.language).say("document-chart-empty")
        _write(figure, SIDE / 2, (TOP + bottom) / 2, empty, 28, SOFT, align="center")
        return
    days = [on.toordinal() for on, _ in chart.points]
    values = [minor for _, minor in chart.points]
    labels = _ticks(chart, values)
    left = EDGE + max(_width(figure, text, 20) for text in labels.values()) + 18
    axes = _axes(figure, left, TOP, SIDE - EDGE, bottom)
    lowest, highest = min(labels), max(labels)
    axes.set_ylim(lowest, max(highest, *values) + (highest - lowest) * 0.04)
    # One day has no width, so it stands in the middle of three.
    beside = 1 if days[0] == days[-1] else 0
    axes.set_xlim(days[0] - beside, days[-1] + beside)
    for tick, text in labels.items():
        axes.axhline(tick, color=LINE if tick else SOFT, linewidth=1.5, zorder=0)
        where = axes.transData.transform((0, tick))[1]
        _write(figure, left - 18, SIDE - where + 7, text, 20, SOFT, align="right")
    axes.fill_between(days, values, step="post", color=INDIGO, alpha=0.13, linewidth=0)
    axes.step(days, values, where="post", color=INDIGO, linewidth=4, solid_capstyle="round")
    axes.plot(days[-1:], values[-1:], "o", color=AMBER, markersize=16, mec="white", mew=3, clip_on=False)
    _dates(figure, axes, chart, bottom)


def _ticks(chart: SavingsChart, values: list[int]) -> dict[int, str]:
    """A few round amounts from zero (or the lowest debt) to the highest value, and how each is written."""
    lowest, highest = min(0, *values, 0), max(0, *values, 0)
    locator = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], integer=True)
    found = {int(tick) for tick in locator.tick_values(lowest, highest)} if lowest < highest else {0}
    if not found - {0}:
        found |= {10 ** minor_digits(chart.currency)}  # Nothing but nought still needs a height.
    amounts = {tick: Money(tick, chart.currency) for tick in sorted(found)}
    words = Words(chart.language, has_cents(*amounts.values()))
    return {tick: words.money(amount) for tick, amount in amounts.items()}


def _dates(figure: Figure, axes: Axes, chart: SavingsChart, bottom: float) -> None:
    """The first day, the last and some between, written so that none leaves the picture."""
    first, last = chart.points[0][0], chart.points[-1][0]
    pattern = "MMM y" if (last - first).days > LONG_SPAN_DAYS else "d MMM"
    shown = _spread(first, last)
    for place, on in enumerate(shown):
        where = axes.transData.transform((on.toordinal(), 0))[0]
        align = "center" if len(shown) == 1 or 0 < place < len(shown) - 1 else "right" if place else "left"
        text = printable(format_date(on, pattern, locale=Words(chart.language).locale))
        _write(figure, where, bottom + 34, text, 20, SOFT, align=align)


def _spread(first: date, last: date) -> list[date]:
    count = min(MOST_DATES, (last - first).days + 1)
    return [first + (last - first) * place / max(count - 1, 1) for place in range(count)]


def _bars(figure: Figure, words: Words, chart: SavingsChart) -> float:
    """Each member's savings, the largest first; who does not fit is in one line with the others. Returns its top."""
    shown, rest = _largest(chart.members)
    count = len(shown) + bool(rest)
    pitch = min(TALLEST_BARS / count, TALLEST_BAR)
    highest = BARS_BOTTOM - count * pitch
    _write(figure, EDGE, highest - 24, words.say("document-chart-members", currency=chart.currency), 26, INK, bold=True)
    amounts = [words.figure(Money(minor, chart.currency)) for _, minor in shown]
    left = EDGE + NAME_WIDTH
    most = SIDE - EDGE - left - max(_width(figure, text, 20, bold=True) for text in amounts) - 20
    longest = max(*(minor for _, minor in shown), 1)
    for place, ((name, minor), amount) in enumerate(zip(shown, amounts, strict=True)):
        middle = highest + (place + 0.5) * pitch
        _write(figure, EDGE, middle + 7, printable(name), 20, INK, NAME_WIDTH - 24)
        _write(figure, SIDE - EDGE, middle + 7, amount, 20, INK, align="right", bold=True)
        if minor > 0:
            _bar(figure, left, middle - pitch * 0.26, most * minor / longest, pitch * 0.52)
    if rest:
        total = words.money(Money(sum(minor for _, minor in rest), chart.currency))
        text = words.say("document-chart-more", count=len(rest), amount=total)
        _write(figure, EDGE, BARS_BOTTOM - pitch / 2 + 7, text, 20, SOFT)
    return highest


def _largest(members: tuple[tuple[str, int], ...]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    ordered = sorted(members, key=lambda member: -member[1])
    fit = MOST_MEMBERS if len(ordered) <= MOST_MEMBERS else MOST_MEMBERS - 1
    return ordered[:fit], ordered[fit:]


def _bar(figure: Figure, x: float, y: float, width: float, height: float, corner: float = 5) -> None:
    wide = max(width, 2)
    corners = f"round,pad=0,rounding_size={min(corner, wide / 2)}"
    _add(figure, FancyBboxPatch((x, SIDE - y - height), wide, height, corners, facecolor=INDIGO, linewidth=0))


def _brand(figure: Figure) -> None:
    x, y = EDGE, SIDE - 36 - 30
    _bar(figure, x, y, 30, 30, corner=8)
    for dx, dy in ((15, 11), (10.8, 18.2), (19.2, 18.2)):
        _add(figure, Circle((x + dx, SIDE - y - dy), 4.9, fill=False, edgecolor="white", linewidth=1.6))
    _add(figure, Circle((x + 15, SIDE - y - 15.8), 1.8, facecolor=AMBER, linewidth=0))
    _write(figure, x + 42, y + 22, "GroupWallet", 22, SOFT)


def _add(figure: Figure, shape: FancyBboxPatch | Circle) -> None:
    """Puts a shape of pixels onto the picture itself, beside all axes."""
    shape.set_transform(None)
    figure.add_artist(shape)


def _axes(figure: Figure, left: float, top: float, right: float, bottom: float) -> Axes:
    axes = figure.add_axes((left / SIDE, 1 - bottom / SIDE, (right - left) / SIDE, (bottom - top) / SIDE))
    axes.axis("off")
    return axes


def _write(
    figure: Figure,
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str,
    width: float | None = None,
    align: str = "left",
    bold: bool = False,
) -> None:
    """One line on the base line `y`; one that is wider than `width` ends in an ellipsis."""
    if width is not None and (needed := _width(figure, text, size, bold)) > width:
        text = text[: int(len(text) * width / needed) + 1]
        while text and _width(figure, text + "…", size, bold) > width:
            text = text[:-1]
        text = text.rstrip() + "…"
    figure.text(
        x / SIDE,
        1 - y / SIDE,
        text,
        color=colour,
        fontproperties=_font(size, bold),
        ha=align,
        va="baseline",
        parse_math=False,  # A name with two dollar signs is no formula.
    )


def _width(figure: Figure, text: str, size: float, bold: bool = False) -> float:
    """How many pixels wide the text will be."""
    written = figure.text(0, 0, text, fontproperties=_font(size, bold), parse_math=False)
    width: float = written.get_window_extent().width
    written.remove()
    return width


def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(fname=BOLD if bold else REGULAR, size=size * 72 / DPI)
