"""Geometry of the picture "who could decrypt what, when". SVG attributes in per cent of the width; no styles, no pixels."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conferences.selectors.key_holds import EpochSpan, HoldingEndpoint, KeyHolds
from conferences.time_words import clock_words

MOST_ROWS, MOST_EPOCHS, MOST_MARKS = 200, 400, 150
KINDS = ("delivered", "acknowledged", "deleted")
LABEL_WIDTH = 4.0  # per cent that an epoch's number needs
LEAST_WIDTH = 0.4  # per cent; a hold of a second stays visible
STEPS_S = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
MOST_TICKS = 6
EDGE = 94.0  # per cent; a tick further right has no room for its time


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle: ``x``, ``width`` in per cent with two decimals; ``label`` where it fits, ``title`` always."""

    x: str
    width: str
    middle: str
    label: str
    title: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What an endpoint was sent or said of one key, at its time; ``kind`` is ``delivered``, ``acknowledged`` or ``deleted``."""

    x: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint with its holds, and the latest of what it was sent and said."""

    endpoint: HoldingEndpoint
    blocks: list[Block]
    marks: list[Mark]
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole picture; ``hidden_rows`` endpoints are left to the table of entries."""

    ticks: list[Tick]
    epochs: list[Block]
    rows: list[Row]
    hidden_rows: int
    from_text: str
    until_text: str


def chart_of(holds: KeyHolds, *, zone: str, now: datetime) -> Chart | None:
    """Picture in ``zone``; None where no epoch was ever opened. What is still open ends at ``now``."""
    if not holds.epochs:
        return None
    start = holds.epochs[0].opened_at
    end = max(holds.epochs[-1].closed_at or now, start + timedelta(seconds=1))
    scale = _Scale(start, end, zone)
    rows = [_row(endpoint, scale) for endpoint in holds.endpoints[:MOST_ROWS]]
    epochs = [_epoch_block(span, scale) for span in holds.epochs[-MOST_EPOCHS:]]
    hidden = max(0, len(holds.endpoints) - MOST_ROWS)
    return Chart(_ticks(scale), epochs, rows, hidden, _seconds(start, zone), _seconds(end, zone))


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime
    zone: str

    def at(self, moment: datetime) -> float:
        return 100 * (moment - self.start) / (self.end - self.start)

    def block(self, first: datetime, last: datetime | None, label: str, title: str) -> Block:
        x = min(max(0.0, self.at(first)), 100 - LEAST_WIDTH)  # a clock that was put back draws nothing outside
        width = min(max(self.at(last or self.end) - x, LEAST_WIDTH), 100 - x)
        shown = label if width >= LABEL_WIDTH else ""
        return Block(f"{x:.2f}%", f"{width:.2f}%", f"{x + width / 2:.2f}%", shown, title, last is None)


def _epoch_block(span: EpochSpan, scale: _Scale) -> Block:
    until = _seconds(span.closed_at, scale.zone) if span.closed_at else "now"
    title = f"Epoch {span.number}, {_seconds(span.opened_at, scale.zone)} to {until}, {span.holder_count} held its key"
    return scale.block(span.opened_at, span.closed_at, str(span.number), title)


def _row(endpoint: HoldingEndpoint, scale: _Scale) -> Row:
    texts = []
    blocks = []
    for hold in endpoint.holds:
        which = f"epoch {hold.first}" if hold.first == hold.last else f"epochs {hold.first}\N{EN DASH}{hold.last}"
        until = _seconds(hold.until_at, scale.zone) if hold.until_at else "now"
        text = f"{which}: {_seconds(hold.from_at, scale.zone)} to {until}"
        texts.append(text)
        blocks.append(scale.block(hold.from_at, hold.until_at, "", text))
    return Row(endpoint, blocks, _marks(endpoint, scale), "; ".join(texts))


def _marks(endpoint: HoldingEndpoint, scale: _Scale) -> list[Mark]:
    told = [(at, epoch, kind) for kind in KINDS for epoch, at in getattr(endpoint, kind).items()]
    marks = []
    for at, epoch, kind in sorted(told)[-MOST_MARKS:]:
        x = min(max(scale.at(at), 0.0), 100.0)
        marks.append(Mark(f"{x:.2f}%", kind, f"Key of epoch {epoch} {kind}, {_seconds(at, scale.zone)}"))
    return marks


def _ticks(scale: _Scale) -> list[Tick]:
    span_s = (scale.end - scale.start).total_seconds()
    step = next((step for step in STEPS_S if span_s / step <= MOST_TICKS), STEPS_S[-1])
    first = scale.start.timestamp() // step * step + step
    moments = [datetime.fromtimestamp(first + n * step, scale.start.tzinfo) for n in range(int(span_s // step) + 1)]
    words = _seconds if step < 60 else clock_words  # noqa: PLR2004  a minute
    return [Tick(f"{scale.at(moment):.2f}%", words(moment, scale.zone)) for moment in moments if scale.at(moment) <= EDGE]


def _seconds(moment: datetime, zone: str) -> str:
    return f"{clock_words(moment, zone)}:{moment:%S}"
