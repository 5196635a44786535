"""The ledger as a page of plain Python: no locks, no SQL, no cleverness. What it says must be what the database says.

Each method either changes the model or raises the error that the ledger must raise, with nothing changed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger import errors
from ledger.models import (
    CREDIT_KINDS,
    DECIDED_BY,
    GROUP_CREDIT_KINDS,
    GROUP_DEBIT_KINDS,
    MEMBER_DEBIT_KINDS,
    OPEN_STATES,
    RETURNS,
)
from ledger.postings import Leg

Key = tuple[str, int, str]
Amounts = dict[Key, int]


@dataclass
class Wallet:
    balance: int = 0
    reserved: int = 0
    version: int = 0

    @property
    def facts(self) -> tuple[int, int, int, int]:
        """What the database must show: balance, reserved, available, version."""
        return self.balance, self.reserved, abs(self.balance) - self.reserved, self.version


@dataclass(frozen=True)
class Vote:
    """What the group has said yes to."""

    subject: str
    user_id: int | None
    amount: int


@dataclass(frozen=True)
class Said:
    """What a key stands for; `reverses` is the key of the transaction that this one undoes."""

    kind: str
    user_id: int | None
    amount: int
    reason: str | None
    approval_id: int | None = None
    reverses: str = ""


@dataclass
class Transaction:
    """`moved` is None until it is posted."""

    said: Said
    state: str
    moved: Amounts | None = None
    receipt: int | None = None
    held: Amounts = field(default_factory=dict)
    promised: bool = False
    reversed_by: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The receipt of a posting, and whether it had been made before."""

    receipt: int
    replayed: bool


class Book:
    """One group's book. Transactions are known by their keys."""

    def __init__(self, members: Sequence[int], lines: int) -> None:
        self.members = tuple(members)
        self.wallets: dict[Key, Wallet] = {("savings", member, ""): Wallet() for member in members}
        self.transactions: dict[str, Transaction] = {}
        self.votes: dict[int, Vote] = {}
        self.receipts = 0
        self.lines = lines

    def owed(self, member: int, kind: str) -> int:
        """What the member owes on one wallet."""
        return -self._wallet((kind, member, "")).balance

    def available(self, kind: str, member: int = 0, provider: str = "") -> int:
        return self._wallet((kind, member, provider)).facts[2]

    def standing(self, *kinds: str) -> dict[str, int]:
        """The balances of the group's wallets of these kinds, without their signs, where there are any."""
        found = {kind: abs(self._wallet((kind, 0, "")).balance) for kind in kinds}
        return {kind: amount for kind, amount in found.items() if amount}

    def vote(self, approval_id: int, vote: Vote) -> None:
        """Both members have said yes: a line that it was opened, one for each of them, and one that it has passed."""
        self.votes[approval_id] = vote
        self.lines += 2 + len(self.members)

    def begin(self, key: str, said: Said) -> None:
        known = self.transactions.get(key)
        if known is None:
            self._check_not_carried_out(said)
            self.transactions[key] = Transaction(said, "pending")
        elif known.said != said:
            raise errors.IdempotencyConflict

    def record(self, key: str, said: Said, legs: Sequence[Leg]) -> Outcome:
        moved = amounts_of(legs)
        self._check_voted(said)
        known = self.transactions.get(key)
        if known is not None:
            if known.said != said:
                raise errors.IdempotencyConflict
            return self._replay(known, moved)
        self._check_not_carried_out(said)
        if said.reverses:
            self._check_reversal(self.transactions[said.reverses])
        made = Transaction(said, "completed")
        outcome = self._book(made, moved)
        self.transactions[key] = made
        if said.reverses:
            undone = self.transactions[said.reverses]
            undone.state, undone.reversed_by = "reversed", key
        return outcome

    def post(self, key: str, legs: Sequence[Leg]) -> Outcome:
        known, moved = self.transactions[key], amounts_of(legs)
        if known.state not in OPEN_STATES:
            return self._replay(known, moved)
        self._check_voted(known.said)
        outcome = self._book(known, moved)
        known.state, known.held = "completed", {}
        return outcome

    def reserve(self, key: str, holds: Sequence[Leg]) -> bool:
        known, taken = self.transactions[key], amounts_of(holds)
        if not taken or min(taken.values()) <= 0:
            raise errors.AmountNotPositive
        if known.state not in OPEN_STATES:
            raise errors.TransactionClosed
        if not taken.keys() <= self.wallets.keys():
            raise errors.UnknownWallet
        if known.promised:
            if known.held != taken:
                raise errors.IdempotencyConflict
            return False
        if any(amount > self.wallets[wallet].facts[2] for wallet, amount in taken.items()):
            raise errors.InsufficientFunds
        self._check_voted(known.said)
        for wallet, amount in taken.items():
            self.wallets[wallet].reserved += amount
        known.held, known.promised = taken, True
        self.lines += 1
        return True

    def release(self, key: str, wallet: Key, amount: int) -> None:
        known = self.transactions[key]
        if not 0 < amount <= known.held.get(wallet, 0):
            raise errors.NotHeld
        self.wallets[wallet].reserved -= amount
        known.held = {name: held - amount * (name == wallet) for name, held in known.held.items()}
        known.held = {name: held for name, held in known.held.items() if held}
        self.lines += 1

    def end(self, key: str, state: str) -> bool:
        known = self.transactions[key]
        if known.state not in OPEN_STATES:
            return False
        for wallet, amount in known.held.items():
            self.wallets[wallet].reserved -= amount
        known.state, known.held = state, {}
        self.lines += 1
        return True

    def _wallet(self, wallet: Key) -> Wallet:
        return self.wallets.get(wallet, Wallet())

    def _replay(self, known: Transaction, moved: Amounts) -> Outcome:
        if known.moved is None:
            raise errors.TransactionClosed
        if known.moved != moved:
            raise errors.IdempotencyConflict
        assert known.receipt is not None
        return Outcome(known.receipt, replayed=True)

    def _check_voted(self, said: Said) -> None:
        """Money leaves only by a vote about this member and this amount; here nothing names a payment to give back."""
        if said.kind in RETURNS:
            raise errors.NotPaidIn
        if said.kind not in DECIDED_BY:
            return
        vote = self.votes.get(said.approval_id or 0)
        if vote is None or (vote.user_id, vote.amount) != (said.user_id, said.amount):
            raise errors.NotVoted
        if vote.subject not in DECIDED_BY[said.kind]:
            raise errors.NotVoted

    def _check_not_carried_out(self, said: Said) -> None:
        """A vote allows one transaction, and another only when that one has come to nothing or was reversed."""
        by_the_same = (
            known.state for known in self.transactions.values() if known.said.approval_id == said.approval_id
        )
        if said.approval_id and any(state in (*OPEN_STATES, "completed") for state in by_the_same):
            raise errors.AlreadyCarriedOut

    def _check_reversal(self, target: Transaction) -> None:
        if target.reversed_by:
            raise errors.AlreadyReversed
        if target.state != "completed":
            raise errors.TransactionClosed

    def _book(self, transaction: Transaction, moved: Amounts) -> Outcome:
        """Settles what the transaction holds and moves the balances, or raises and leaves all as it was."""
        if len(moved) < 2 or sum(moved.values()) != 0:
            raise errors.Unbalanced
        opened = [wallet for wallet in moved if wallet not in self.wallets]
        if not all(self._may_open(wallet) for wallet in opened):
            raise errors.UnknownWallet
        after = {wallet: self._wallet(wallet).balance + amount for wallet, amount in moved.items()}
        for wallet, balance in after.items():
            still_reserved = self._wallet(wallet).reserved - transaction.held.get(wallet, 0)
            if (balance if wallet[0] in CREDIT_KINDS else -balance) < still_reserved:
                raise errors.InsufficientFunds
        for wallet, amount in transaction.held.items():
            self.wallets[wallet].reserved -= amount
        for wallet, balance in after.items():
            known = self.wallets.setdefault(wallet, Wallet())
            known.balance, known.version = balance, known.version + 1
        self.receipts += 1
        self.lines += 1 + len(opened)
        transaction.moved, transaction.receipt = moved, self.receipts
        return Outcome(self.receipts, replayed=False)

    def _may_open(self, wallet: Key) -> bool:
        kind, owner, provider = wallet
        if kind in MEMBER_DEBIT_KINDS:
            return owner in self.members and not provider
        return kind in GROUP_CREDIT_KINDS + GROUP_DEBIT_KINDS and not owner and (kind == "cash") == bool(provider)


def amounts_of(legs: Sequence[Leg]) -> Amounts:
    """What is moved on each wallet; a wallet on which nothing moves is left out."""
    if any(type(leg.amount_minor) is not int for leg in legs):
        raise errors.AmountNotWhole
    amounts: defaultdict[Key, int] = defaultdict(int)
    for leg in legs:
        amounts[leg.kind, leg.user_id or 0, leg.provider] += leg.amount_minor
    return {wallet: amount for wallet, amount in amounts.items() if amount}
