"""Orders for papers: what can be asked for, and the addresses under which a paper is found.

Apart from the making of them (`bot.issuing`), so that the web process need not load what draws.
"""

from datetime import timedelta
from typing import Any

from bot.talk import GroupView, Talk
from core import outbox, tokens
from core.settings import settings

STATEMENT, RECEIPT, CHART = "statement", "receipt", "chart"
TYPES = {STATEMENT: ("pdf", "application/pdf"), RECEIPT: ("pdf", "application/pdf"), CHART: ("png", "image/png")}
LINK_LIFETIME = timedelta(days=7)

Order = dict[str, Any]


def place(talk: Talk, group: GroupView, kind: str, facts: Order) -> None:
    """Has a paper made for who is talking. Its token is drawn here, so that a job that runs twice makes one paper."""
    order = {"kind": kind, "group": group.id, "user": talk.user_id, "token": tokens.new(22), **facts}
    outbox.put(talk.session, "bot.issue", order, f"issue:{kind}:{talk.incoming.provider}:{talk.incoming.message_id}")


def link(token: str, kind: str) -> str:
    """Where the paper can be fetched until its link runs out."""
    return f"{settings().public_base_url}/d/{token}/{kind}.{TYPES[kind][0]}"


def verify_link(token: str) -> str:
    """Where anybody who holds the paper can compare it with the book, for as long as the book exists."""
    return f"{settings().public_base_url}/v/{token}"
