"""Twilio's Content API: `/v1/Content` and the approval of templates, which the sandbox grants at once."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import func, select

from sandbox.store import Content
from sandbox.twilio.account import new_sid, require_account
from sandbox.twilio.errors import TwilioError, error_answer
from sandbox.twilio.resources import content_resource
from sandbox.twilio.templates import checked_types
from sandbox.world import world

MAX_PAGE_SIZE = 500
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")

blueprint = Blueprint("twilio_content", __name__, url_prefix="/v1/Content")
blueprint.before_request(lambda: require_account())
blueprint.register_error_handler(TwilioError, error_answer)


@blueprint.post("")
def create_content() -> tuple[Response, int]:
    asked = _json_body()
    content = Content(
        sid=new_sid("HX"),
        friendly_name=asked.get("friendly_name"),
        language=asked.get("language") or "en",
        variables=asked.get("variables") or {},
        types=checked_types(asked.get("types")),
        approval=None,
        created_at=world().clock.now(),
    )
    with world().store.begin() as session:
        session.add(content)
    return _answer(content), 201


@blueprint.get("")
def list_contents() -> Response:
    page = max(request.args.get("Page", 0, int), 0)
    size = min(max(request.args.get("PageSize", 50, int), 1), MAX_PAGE_SIZE)
    query = select(Content).order_by(Content.created_at.desc(), Content.sid)
    with world().store.begin() as session:
        total = session.scalar(select(func.count()).select_from(Content)) or 0
        contents = list(session.scalars(query.offset(page * size).limit(size)))
    base = f"{world().config.public_url}/v1/Content?PageSize={size}"
    account_sid, public_url = world().config.twilio_account_sid, world().config.public_url
    return jsonify(
        contents=[content_resource(content, account_sid, public_url) for content in contents],
        meta={
            "key": "contents",
            "page": page,
            "page_size": size,
            "url": f"{base}&Page={page}",
            "first_page_url": f"{base}&Page=0",
            "previous_page_url": f"{base}&Page={page - 1}" if page else None,
            "next_page_url": f"{base}&Page={page + 1}" if (page + 1) * size < total else None,
        },
    )


@blueprint.get("/<sid>")
def fetch_content(sid: str) -> Response:
    return _answer(_content(sid))


@blueprint.delete("/<sid>")
def delete_content(sid: str) -> tuple[str, int]:
    with world().store.begin() as session:
        session.delete(_content(sid))
    return "", 204


@blueprint.post("/<sid>/ApprovalRequests/whatsapp")
def request_approval(sid: str) -> tuple[Response, int]:
    asked = _json_body()
    name, category = asked.get("name"), asked.get("category")
    if not name or category not in CATEGORIES:
        raise TwilioError(20001, f"'name' and a 'category' of {', '.join(CATEGORIES)} are required.")
    approval = {
        "name": name,
        "category": category,
        "content_type": next(iter(_content(sid).types)),
        "status": "approved",
        "rejection_reason": "",
        "allow_category_change": True,
    }
    with world().store.begin() as session:
        session.get_one(Content, sid).approval = approval
    return jsonify(approval), 201


@blueprint.get("/<sid>/ApprovalRequests")
def fetch_approval(sid: str) -> Response:
    content = _content(sid)
    return jsonify(
        sid=content.sid,
        account_sid=world().config.twilio_account_sid,
        whatsapp=content.approval or {"status": "unsubmitted", "name": "", "category": "", "rejection_reason": ""},
        url=f"{world().config.public_url}/v1/Content/{sid}/ApprovalRequests",
    )


def _content(sid: str) -> Content:
    with world().store.begin() as session:
        content = session.get(Content, sid)
    if content is None:
        raise TwilioError(20404)
    return content


def _answer(content: Content) -> Response:
    return jsonify(content_resource(content, world().config.twilio_account_sid, world().config.public_url))


def _json_body() -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise TwilioError(20001, "The body must be a JSON object.")
    return asked
