"""What a benchmark prints: one JSON line per result on standard output, progress for people on standard error."""

import json
import sys
import time

Figure = str | float | int

_started = time.monotonic()


def emit(**figures: Figure) -> None:
    """Prints one result. Floats are rounded: a rate to one decimal place, everything else to three."""
    rounded = {name: _rounded(name, figure) for name, figure in figures.items()}
    print(json.dumps(rounded), flush=True)


def progress(words: str) -> None:
    """Tells whoever waits what happens now, and how long it has taken so far."""
    print(f"  {time.monotonic() - _started:4.0f} s  {words}", file=sys.stderr, flush=True)


def _rounded(name: str, figure: Figure) -> Figure:
    if not isinstance(figure, float):
        return figure
    return round(figure, 1) if name.endswith("rate") else round(figure, 3)
