"""The hosted checkout page: where a payer pays, is declined or walks away."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, abort, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from sandbox.paystack.payments import ACTIONS, act, amount_shown
from sandbox.paystack.resources import MERCHANT
from sandbox.store import Payment
from sandbox.world import world

STATES = {"success": "paid", "failed": "declined"}

blueprint = Blueprint("paystack_checkout", __name__, url_prefix="/paystack/checkout", template_folder="templates")


@blueprint.get("/<access_code>")
def show(access_code: str) -> str:
    payment = _payment(access_code)
    # A payer who walked away may come back: the page opens again.
    return _page(payment, STATES.get(payment.status, "open"))


@blueprint.post("/<access_code>")
def choose(access_code: str) -> str | Response:
    action = request.form.get("action", "")
    if action not in ACTIONS:
        abort(400, "Choose pay, decline or abandon.")
    payment = act(world(), _payment(access_code).reference, action)
    if action == "pay" and payment.callback_url:
        return redirect(return_url(payment), 302)
    return _page(payment, STATES.get(payment.status, "abandoned"))


def return_url(payment: Payment) -> str:
    """The product's callback address with the two parameters that Paystack adds; "" when none was given."""
    if not payment.callback_url:
        return ""
    parts = urlsplit(payment.callback_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True)]
    query += [("trxref", payment.reference), ("reference", payment.reference)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _payment(access_code: str) -> Payment:
    with world().store.begin() as session:
        payment = session.scalar(select(Payment).where(Payment.access_code == access_code))
    return payment or abort(404, "There is no such checkout.")


def _page(payment: Payment, state: str) -> str:
    return render_template(
        "checkout.html",
        state=state,
        merchant=MERCHANT,
        amount=amount_shown(payment),
        currency=payment.currency,
        reference=payment.reference,
        email=payment.email,
        status=payment.status,
        test=True,
        back_url=_cancel_url(payment) or return_url(payment),
    )


def _cancel_url(payment: Payment) -> str:
    """Where `metadata.cancel_action` leads a payer who did not pay."""
    metadata: Any = payment.metadata_sent["value"]
    wanted = metadata.get("cancel_action") if isinstance(metadata, dict) else None
    unpaid = payment.status != "success"
    return wanted if unpaid and isinstance(wanted, str) and urlsplit(wanted).scheme in ("http", "https") else ""
