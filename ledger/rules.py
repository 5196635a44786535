"""A group's rules, changed by people: whoever changes them says which version they have read.

Two officers may look at the same page; the second one's change must not silently undo the first one's. Money never
works this way: a hot wallet is guarded by the group's lock (docs/ledger.md has the figures).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from core.db import Session
from ledger import audit, errors
from ledger.audit import Cause
from ledger.models import Group

RULES = ("member_limit", "contribution_max_minor", "fee_bearer", "reversal_limit_percent")


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
    except IntegrityError as error:
        raise errors.RuleOutOfRange(", ".join(sorted(changes))) from error
    session.refresh(group)
    if changed is None:
        raise errors.StaleVersion(group.version)
    for name, value in sorted(changes.items()):
        if value != before[name]:
            data = {"rule": name, "from": before[name], "to": value}
            audit.record(session, group.id, "rule_changed", data, at, cause)
    return group
