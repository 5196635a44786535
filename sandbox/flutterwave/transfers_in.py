"""A bank transfer that reaches the account made for one payment."""

from sqlalchemy import select

from sandbox.flutterwave.tables import FlwTransaction
from sandbox.flutterwave.transactions import PENDING, act
from sandbox.world import World

# Account numbers are the last ten digits of the transaction's id.
ACCOUNT_NUMBERS = 10**10
REJECTED = "rejected"


def transfer_in(world: World, account_number: str, amount: int) -> tuple[str, str] | None:
    """The reference of the payment and its status; None when no account with this number is open here.

    Another amount than was asked for goes back to the sender, and no event tells of it (assumed).
    """
    if not account_number.isdecimal():
        return None
    with world.store.begin() as session:
        transaction = session.scalar(
            select(FlwTransaction).where(
                FlwTransaction.payment_type == "bank_transfer",
                FlwTransaction.status == PENDING,
                FlwTransaction.expires_at > world.clock.now(),
                FlwTransaction.id % ACCOUNT_NUMBERS == int(account_number),
            )
        )
    if transaction is None:
        return None
    if amount != transaction.asked_amount:
        return transaction.tx_ref, REJECTED
    paid = act(world, transaction.tx_ref, "pay")
    return paid.tx_ref, paid.status
