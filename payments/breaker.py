"""A circuit breaker that all processes share: a provider that answers nothing is left in peace for a while.

Its state is a row, since each job has a process of its own. Five calls in a row without an answer (refused, time-out,
5xx) and nobody calls for a pause; then one caller may try, and what it finds decides.
"""

import logging
import threading
from datetime import timedelta

from sqlalchemy import or_, select, text, update

from core import clock, db
from payments.models import ProviderHealth

FAILURES = 5

log = logging.getLogger(__name__)


class SharedBreaker:
    """Implements `connection.Breaker` for one provider; `pause_seconds` is how long it is spared."""

    def __init__(self, provider: str, pause_seconds: float) -> None:
        self._provider = provider
        self._pause = timedelta(seconds=pause_seconds)
        # Whether the last look of this thread saw failures: only then a good answer has something to clear.
        self._seen = threading.local()

    def allows(self) -> bool:
        """Whether a call may be made now; after the pause, one caller at a time."""
        now = clock.now()
        with db.session() as session:
            row = session.execute(
                select(ProviderHealth.failures, ProviderHealth.spared_until).where(
                    ProviderHealth.provider == self._provider
                )
            ).one_or_none()
            self._seen.failures = row.failures if row else 0
            if row is None or row.spared_until is None:
                return True
            if now < row.spared_until:
                return False
            tried = session.execute(
                update(ProviderHealth)
                .where(ProviderHealth.provider == self._provider, ProviderHealth.spared_until == row.spared_until)
                .values(spared_until=now + self._pause)
                .returning(ProviderHealth.provider)
            ).all()
            session.commit()
        return bool(tried)

    def note(self, *, healthy: bool) -> None:
        """Writes down how the call went; an answer costs nothing while all is well."""
        now = clock.now()
        if healthy and not getattr(self._seen, "failures", 0):
            return
        with db.session() as session:
            if healthy:
                session.execute(
                    update(ProviderHealth)
                    .where(
                        ProviderHealth.provider == self._provider,
                        or_(ProviderHealth.failures > 0, ProviderHealth.spared_until.is_not(None)),
                    )
                    .values(failures=0, spared_until=None, changed_at=now)
                )
                log.info("a provider answers again", extra={"provider": self._provider})
            else:
                spared_until = session.scalar(
                    _FAILED, {"provider": self._provider, "at": now, "most": FAILURES, "until": now + self._pause}
                )
                if spared_until is not None:
                    log.error(
                        "a provider does not answer: nobody asks it for a while",
                        extra={"provider": self._provider, "until": spared_until.isoformat()},
                    )
            session.commit()


_FAILED = text("""
    INSERT INTO provider_health AS h (provider, failures, changed_at) VALUES (:provider, 1, :at)
    ON CONFLICT (provider) DO UPDATE SET failures = h.failures + 1, changed_at = :at,
        spared_until = CASE WHEN h.failures + 1 >= :most THEN CAST(:until AS timestamptz) ELSE h.spared_until END
    RETURNING spared_until""")
