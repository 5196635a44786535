"""Lists in pages: newest first, filtered by from and to, with `page_info` about the whole."""

from typing import Any, TypeVar

from flask import request
from sqlalchemy import ColumnElement, func, select

from sandbox.flutterwave.amounts import read_moment
from sandbox.flutterwave.tables import FlwChargeback, FlwRefund, FlwTransaction, FlwTransfer
from sandbox.store import Store

PAGE_SIZE = 10
Listed = TypeVar("Listed", FlwTransaction, FlwTransfer, FlwRefund, FlwChargeback)


def page_asked() -> int:
    return max(request.args.get("page", 1, int), 1)


def page_info(total: int, page: int, size: int = PAGE_SIZE) -> dict[str, Any]:
    return {"page_info": {"total": total, "current_page": page, "total_pages": max(-(-total // size), 1)}}


def newest(store: Store, kind: type[Listed], *wanted: ColumnElement[bool]) -> tuple[list[Listed], dict[str, Any]]:
    """The page that was asked for, filtered by `from` and `to` too, and its meta.

    Raises:
        FlutterwaveError: `from` or `to` is not a date.
    """
    filters = [*wanted, *_times(kind)]
    page = page_asked()
    query = select(kind).where(*filters).order_by(kind.id.desc()).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    with store.begin() as session:
        total = session.scalar(select(func.count()).select_from(kind).where(*filters)) or 0
        rows = list(session.scalars(query))
    return rows, page_info(total, page)


def equal(kind: type[Listed], *names: str) -> list[ColumnElement[bool]]:
    """A filter for each of these columns that was asked for by its own name."""
    return [getattr(kind, name) == request.args[name] for name in names if request.args.get(name)]


def _times(kind: type[Listed]) -> list[ColumnElement[bool]]:
    first, last = request.args.get("from", ""), request.args.get("to", "")
    wanted: list[ColumnElement[bool]] = []
    if first:
        wanted.append(kind.created_at >= read_moment(first))
    if last:
        wanted.append(kind.created_at <= read_moment(last, is_end=True))
    return wanted
