"""What the operator's corner of the page shows, of both providers in one answer: payments that may still be taken back,
refunds, disputes, standing accounts, the faults on order.

Each row tells which actions its status allows, and where they are posted; the page knows no provider's words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox import books
from sandbox.flutterwave.amounts import shown as shown_by_flutterwave
from sandbox.flutterwave.balances import HELD
from sandbox.flutterwave.refunds import TAKEN
from sandbox.flutterwave.tables import FlwChargeback, FlwRefund, FlwTransaction
from sandbox.flutterwave.transactions import REVERSED, SUCCESSFUL
from sandbox.paystack.dedicated import BANKS
from sandbox.paystack.disputes import WAITING
from sandbox.paystack.notices import shown as shown_by_paystack
from sandbox.paystack.payments import PAID
from sandbox.paystack.refunds import ACTIONS as REFUND_ACTIONS
from sandbox.paystack.tables import DedicatedAccount, Dispute, Refund
from sandbox.store import Json, Payment
from sandbox.webhooks import FLUTTERWAVE, PAYSTACK
from sandbox.world import world

NEWEST = 12
REFUND_WORDS = {"begin": "Begin", "process": "Process", "fail": "Fail", "attention": "Needs attention"}

blueprint = Blueprint("desk", __name__, url_prefix="/sandbox")


@blueprint.get("/desk")
def show_desk() -> Response:
    with world().store.begin() as session:
        paid = _newest([*_paystack_payments(session), *_flutterwave_payments(session)])
        refunds = _newest([*_paystack_refunds(session), *_flutterwave_refunds(session)])
        disputes = _newest([*_paystack_disputes(session), *_flutterwave_disputes(session)])
        waiting = (Payment.status == "success", Payment.settlement_id.is_(None))
        to_settle = list(
            session.scalars(select(Payment.currency).where(*waiting).distinct().order_by(Payment.currency))
        )
        standing = [_standing(account) for account in session.scalars(select(DedicatedAccount))]
    owners = {account["account_number"]: account["phone"] for account in standing}
    phones = books.phones_of_checkouts(world().store.engine, [row["reference"] for row in paid])
    for row in paid:
        owner = owners.get(row.pop("account_number"))
        row["phone"] = row["phone"] or owner or phones.get(row["reference"])
    return jsonify(
        payments=paid,
        refunds=refunds,
        disputes=disputes,
        to_settle=to_settle,
        standing_accounts=standing,
        faults=[
            {"target": fault.target, "kind": fault.kind, "count": fault.count} for fault in world().faults.pending()
        ],
    )


def _paystack_payments(session: Session) -> list[Json]:
    query = select(Payment).where(Payment.status.in_(PAID)).order_by(Payment.id.desc()).limit(NEWEST)
    return [
        {
            **_row(PAYSTACK, row.reference, shown_by_paystack(row.currency, row.amount), row.status, row.paid_at),
            "phone": row.phone,
            "account_number": row.account_number,
            "actions": _actions(
                ("Open a dispute", f"payments/{row.reference}/dispute"),
                ("Reverse", f"payments/{row.reference}/reverse"),
                ("Send its event again", f"webhooks/{row.reference}/resend"),
            )
            if row.status == "success"
            else [],
        }
        for row in session.scalars(query)
    ]


def _flutterwave_payments(session: Session) -> list[Json]:
    wanted = FlwTransaction.status.in_((SUCCESSFUL, REVERSED))
    query = select(FlwTransaction).where(wanted).order_by(FlwTransaction.id.desc()).limit(NEWEST)
    return [
        {
            **_row(FLUTTERWAVE, row.tx_ref, shown_by_flutterwave(row.amount, row.currency), row.status, row.paid_at),
            "phone": row.phone,
            "account_number": None,
            "actions": _actions(
                ("Open a chargeback", f"flutterwave/transactions/{row.tx_ref}/chargeback"),
                ("Reverse", f"flutterwave/transactions/{row.tx_ref}/reverse"),
                ("Send its event again", f"flutterwave/webhooks/{row.tx_ref}/resend"),
            )
            if row.status == SUCCESSFUL
            else [],
        }
        for row in session.scalars(query)
    ]


def _paystack_refunds(session: Session) -> list[Json]:
    query = select(Refund).order_by(Refund.id.desc()).limit(NEWEST)
    return [
        {
            **_row(PAYSTACK, row.id, shown_by_paystack(row.currency, row.amount), row.status, row.created_at),
            "actions": _actions(
                *(
                    (REFUND_WORDS[action], f"refunds/{row.id}/{action}")
                    for action, (_, allowed) in REFUND_ACTIONS.items()
                    if row.status in allowed
                )
            ),
        }
        for row in session.scalars(query)
    ]


def _flutterwave_refunds(session: Session) -> list[Json]:
    query = select(FlwRefund).order_by(FlwRefund.id.desc()).limit(NEWEST)
    return [
        {
            **_row(FLUTTERWAVE, row.id, shown_by_flutterwave(row.amount, row.currency), row.status, row.created_at),
            "actions": _actions(
                ("Complete", f"flutterwave/refunds/{row.id}/complete"),
                ("Fail", f"flutterwave/refunds/{row.id}/fail"),
            )
            if row.status == TAKEN
            else [],
        }
        for row in session.scalars(query)
    ]


def _paystack_disputes(session: Session) -> list[Json]:
    query = select(Dispute).order_by(Dispute.id.desc()).limit(NEWEST)
    return [
        {
            **_row(PAYSTACK, row.id, shown_by_paystack(row.currency, row.amount), row.status, row.created_at),
            "status": row.resolution or row.status,
            "actions": _actions(
                ("Lose", f"disputes/{row.id}/lose"),
                ("Win", f"disputes/{row.id}/win"),
                ("Remind", f"disputes/{row.id}/remind"),
            )
            if row.status == WAITING
            else [],
        }
        for row in session.scalars(query)
    ]


def _flutterwave_disputes(session: Session) -> list[Json]:
    query = select(FlwChargeback).order_by(FlwChargeback.id.desc()).limit(NEWEST)
    return [
        {
            **_row(FLUTTERWAVE, row.id, shown_by_flutterwave(row.amount, row.currency), row.status, row.created_at),
            "actions": _actions(
                ("Accept", f"flutterwave/chargebacks/{row.id}/accept"),
                ("Lose", f"flutterwave/chargebacks/{row.id}/lose"),
                ("Win", f"flutterwave/chargebacks/{row.id}/win"),
            )
            if row.status == HELD
            else [],
        }
        for row in session.scalars(query)
    ]


def _row(provider: str, reference: object, amount: str, status: str, at: datetime | None) -> Json:
    moment = None if at is None else at.isoformat()
    return {"provider": provider, "reference": str(reference), "amount": amount, "status": status, "at": moment}


def _actions(*named: tuple[str, str]) -> list[Json]:
    return [{"name": name, "path": f"/sandbox/{path}"} for name, path in named]


def _newest(rows: Sequence[Json]) -> list[Json]:
    return sorted(rows, key=lambda row: row["at"] or "", reverse=True)[:NEWEST]


def _standing(account: DedicatedAccount) -> dict[str, Any]:
    return {
        "account_number": account.account_number,
        "account_name": account.account_name,
        "bank": BANKS[account.bank_slug][0],
        "currency": account.currency,
        "phone": account.customer.phone,
    }
