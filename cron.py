"""The one list of what runs when: `python cron.py`. Only ticks that recompute from the database what is due."""

from datetime import timedelta

from bot import expiring, weekly
from core import logs, outbox, queues
from core.settings import settings
from payments import (
    collections,
    deciding,
    disputing,
    drifting,
    lending,
    payouts,
    reconciling,
    refunding,
    routing,
    watching,
)

TICKS = {
    # Rings for work whose bell was lost, whose time has come, or whose worker died.
    outbox.sweep: timedelta(seconds=5),
    # Asks about payments nobody told us of, and ends what was not paid in time.
    collections.sweep: timedelta(seconds=10),
    # Asks about payouts whose end nobody told us of, and sends those that could not be sent.
    payouts.sweep: timedelta(seconds=10),
    # Asks about refunds and disputes whose end nobody told us of, and books what could not be booked before.
    refunding.sweep: timedelta(minutes=1),
    disputing.sweep: timedelta(minutes=1),
    # Asks the providers what lies there: whether payouts can be made, and the books' money is there.
    watching.sweep: timedelta(minutes=15),
    # Once a night: the providers' lists beside our books.
    reconciling.sweep: timedelta(hours=1),
    # Once a day: the fees that providers kept beside those that payers were quoted.
    drifting.sweep: timedelta(hours=1),
    # Ends the votes whose time is over, and reminds those who have not voted.
    deciding.sweep: timedelta(seconds=30),
    # Charges interest and penalties on the day they fall due where the group lives.
    lending.sweep: timedelta(minutes=5),
    # Ends what nobody answers: cash not confirmed or not handed over, loans not paid, silent guarantors.
    expiring.sweep: timedelta(hours=1),
    # Sends each group its seal of the week, on Sunday evening where it lives.
    weekly.sweep: timedelta(minutes=10),
}


def main() -> None:
    """Runs the clock until it is told to stop."""
    logs.configure(settings().log_level)
    routing.check()
    watching.providers_in_use()
    clock = queues.Clock()
    for tick, interval in TICKS.items():
        clock.every(interval, tick)
    clock.start()


if __name__ == "__main__":
    main()
