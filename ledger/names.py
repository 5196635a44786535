"""Names as they are shown where room is short."""

MOST_NAME = 24


def brief(name: str) -> str:
    """A name's first words, as many as an SMS bears."""
    return name if len(name) <= MOST_NAME else name[: MOST_NAME + 1].rsplit(" ", 1)[0][:MOST_NAME]
