"""The pay page behind a short link: who pays what to which group, one button, no JavaScript needed."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from core import clock, db
from payments import errors, links

REFRESH_LIMIT = 40

blueprint = Blueprint("pay", __name__, template_folder="templates", static_folder="static", static_url_path="/static")


@blueprint.get("/p/<token>")
def show(token: str) -> Response:
    """The link itself; a chat's link preview may fetch it freely, since only the button starts a checkout."""
    with db.session() as session:
        link = links.look_at(session, token, clock.now())
        if "back" in request.args and link.state == "processing":
            links.came_back(session, token)
            session.commit()
    waiting = "back" in request.args and link.state == "processing"
    return _page(link, waiting=waiting, refresh=_refresh_seconds() if waiting and not link.held else None)


@blueprint.errorhandler(errors.UnknownLink)
def unknown(error: errors.UnknownLink) -> tuple[str, int, dict[str, str]]:
    """Somebody mistyped a link: say so to a person, not to a program."""
    return render_template("unknown.html"), 404, {"Cache-Control": "no-store"}


@blueprint.post("/p/<token>")
def pay(token: str) -> AnyResponse:
    """The button: on to the provider's checkout, or back to the page with what to do instead."""
    try:
        return redirect(links.open_checkout(token), code=303)
    except errors.LinkClosed:
        return redirect(f"/p/{token}", code=303)
    except errors.ProviderUnavailable:
        with db.session() as session:
            page = _page(links.look_at(session, token, clock.now()), unavailable=True)
        page.status_code = 503
        page.headers["Retry-After"] = "30"
        return page


def _refresh_seconds() -> int | None:
    # While the answer is on its way the page looks again by itself, slower each time, and not for ever.
    looks = _looks()
    return None if looks >= REFRESH_LIMIT else min(1 + looks // 5, 10)


def _looks() -> int:
    """How often the page has looked again so far."""
    looks = request.args.get("look", "0")
    return int(looks) if looks.isdecimal() and len(looks) <= 3 else 0


def _page(
    link: links.PayLink, waiting: bool = False, refresh: int | None = None, unavailable: bool = False
) -> Response:
    body = render_template(
        "pay.html", link=link, waiting=waiting, refresh=refresh, look=_looks() + 1, unavailable=unavailable
    )
    response = make_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
