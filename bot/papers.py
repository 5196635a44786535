"""The addresses in papers: the paper itself while its link lives, and the page that holds it against the book."""

import json
import logging
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import Blueprint, Response, abort, make_response, render_template
from sqlalchemy import select

from bot.models import Document
from bot.orders import TYPES
from core import clock, db, storage
from core.db import Session
from core.errors import StorageError
from ledger import seals

log = logging.getLogger(__name__)
blueprint = Blueprint("papers", __name__, template_folder="templates")


@blueprint.get("/d/<token>/<file_name>")
def paper(token: str, file_name: str) -> Response:
    """The paper; whoever has the link may have it, until it runs out. Its name is what a phone shows of it."""
    with db.session() as session:
        found = _find(session, token)
    ending, content_type = TYPES[found.kind]
    if file_name != f"{found.kind}.{ending}":
        abort(404)
    if clock.now() >= found.expires_at:
        return _page("paper-expired.html", 410)
    try:
        data = storage.storage().get(found.storage_key)
    except StorageError as error:
        # Away for now, or lost for good: the member reads the same, the operator which of the two.
        log.error("a paper cannot be fetched", extra={"detail": error.code, "reason": found.storage_key})
        answer = _page("paper-away.html", 503)
        answer.headers["Retry-After"] = "60"
        return answer
    answer = make_response(data)
    answer.headers["Content-Type"] = content_type
    answer.headers["Content-Disposition"] = f'inline; filename="groupwallet-{found.kind}.{ending}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/v/<token>")
def verify(token: str) -> Response:
    """What the paper said when it was made, and whether the book still carries its seal."""
    with db.session() as session:
        found = _find(session, token)
        finding = seals.find(session, found.group_id, bytes(found.seal))
    facts: dict[str, str] = json.loads(found.facts)
    stands = finding is not None and finding.intact
    return _page(
        "verify.html",
        200,
        kind=found.kind,
        facts=facts | _dates(facts),
        stands=stands,
        line=found.seal_line,
        last_line=finding.last_line if finding else 0,
        seal=seals.short(bytes(found.seal)),
        full_seal=bytes(found.seal).hex(),
    )


def _find(session: Session, token: str) -> Document:
    found = session.scalar(select(Document).where(Document.token == token[:64]))
    if found is None:
        abort(_page("paper-unknown.html", 404))
    return found


def _dates(facts: dict[str, str]) -> dict[str, str]:
    days = {key: facts[key] for key in ("first", "last", "issued") if key in facts}
    return {key: format_date(date.fromisoformat(day), "d MMMM y", locale="en") for key, day in days.items()}


def _page(template: str, status: int, **values: Any) -> Response:
    answer = make_response(render_template(template, **values), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
