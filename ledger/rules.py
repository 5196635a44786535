"""A group's rules, changed by people: whoever changes them says which version they have read.

Two officers may look at the same page; the second one's change must not silently undo the first one's. Money never
works this way: a hot wallet is guarded by the group's lock (docs/ledger.md has the figures).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import DataError, IntegrityError

from core.db import Session
from ledger import audit, errors
from ledger.audit import Cause
from ledger.models import Group

RULES = (
    "member_limit", "contribution_max_minor", "fee_bearer", "reversal_limit_percent", "vote_hours",
    "beneficiary_abstains", "withdrawal_max_minor", "loan_rate_percent", "loan_method", "loan_period",
    "loan_max_periods", "loan_savings_multiple", "loans_open_max", "loan_guarantors", "loan_grace_days",
    "loan_penalty_percent", "loan_penalty_base", "loan_rounding_minor", "loan_instalment_multiple_minor", "overpayment",
)  # fmt: skip

Written = str | bool | None
"""A rule's value as JSON keeps it without loss: numbers as strings, None where the group has no such limit."""


def written(value: Any) -> Written:
    """The value of a rule for a vote's details or a line of the chain: 3 is "3", Decimal("2.5000") is "2.5"."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if value is None or isinstance(value, bool) else str(value)


def read_back(name: str, value: Written) -> Any:
    """What `written` has written, as the column takes it. Raises `UnknownRule` or `RuleOutOfRange`."""
    if name not in RULES:
        raise errors.UnknownRule(name)
    kind = Group.__table__.c[name].type.python_type
    if value is None:
        return None
    if isinstance(value, bool) != (kind is bool):
        raise errors.RuleOutOfRange(name)
    return value if kind is bool else kind(value)


def change(session: Session, group: Group, version: int, changes: dict[str, Any], at: datetime, cause: Cause) -> Group:
    """Writes new values of rules down, each as a line of the audit log with what it was before.

    `version` is the group's version that the changes were made on. Raises `StaleVersion` when somebody has changed the
    group since (show the new rules and ask again), `UnknownRule`, or `RuleOutOfRange`.
    """
    unknown = set(changes) - set(RULES)
    if unknown:
        raise errors.UnknownRule(", ".join(sorted(unknown)))
    before = {name: getattr(group, name) for name in changes}
    statement = update(Group).where(Group.id == group.id, Group.version == version)
    try:
        with session.begin_nested():
            changed = session.scalar(statement.values(**changes, version=version + 1).returning(Group.id))
    except (IntegrityError, DataError) as error:
        raise errors.RuleOutOfRange(", ".join(sorted(changes))) from error
    session.refresh(group)
    if changed is None:
        raise errors.StaleVersion(group.version)
    for name, value in sorted(changes.items()):
        if value != before[name]:
            data = {"rule": name, "from": _plain(before[name]), "to": _plain(value)}
            audit.record(session, group.id, "rule_changed", data, at, cause)
    return group


def _plain(value: Any) -> Any:
    """For the chain: a whole number as it is, a decimal as exact text."""
    return written(value) if isinstance(value, Decimal) else value
