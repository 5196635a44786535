"""Lists in pages: how the caller asks for a part of them, and what is said about the whole."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import request
from sqlalchemy import ColumnElement, func, select

from sandbox.paystack.envelope import invalid
from sandbox.store import Base, Store

MAX_PER_PAGE = 100
Listed = TypeVar("Listed", bound=Base)


def page_asked() -> tuple[int, int]:
    """Which page, counted from 1, and how many rows it has."""
    return max(request.args.get("page", 1, int), 1), min(max(request.args.get("perPage", 50, int), 1), MAX_PER_PAGE)


def meta_of(total: int, page: int, per_page: int) -> dict[str, Any]:
    return {
        "total": total,
        "skipped": (page - 1) * per_page,
        "perPage": per_page,
        "page": page,
        "pageCount": -(-total // per_page),
    }


def newest(store: Store, kind: type[Listed], *wanted: ColumnElement[bool]) -> tuple[list[Listed], dict[str, Any]]:
    """The page that was asked for, filtered by `status`, `from` and `to` too, and its meta.

    Raises:
        PaystackError: `from` or `to` is not a date.
    """
    columns: Any = kind
    filters = [*wanted, *_filters(columns)]
    page, per_page = page_asked()
    query = select(kind).where(*filters).order_by(columns.id.desc()).offset((page - 1) * per_page).limit(per_page)
    with store.begin() as session:
        total = session.scalar(select(func.count()).select_from(kind).where(*filters)) or 0
        rows = list(session.scalars(query))
        meta = meta_of(total, page, per_page)
        if hasattr(kind, "amount"):
            volume = session.scalar(select(func.sum(columns.amount)).where(*filters)) or 0
            meta["total_volume"] = int(volume)
    return rows, meta


def _filters(kind: Any) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if (status := request.args.get("status")) and hasattr(kind, "status"):
        wanted.append(kind.status == status)
    if first := request.args.get("from"):
        wanted.append(kind.created_at >= _moment(first))
    if last := request.args.get("to"):
        wanted.append(kind.created_at <= _moment(last))
    return wanted


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid(
            "invalid_params", f"'{text}' is not a date", "Send a date such as 2016-09-24T00:00:05.000Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
