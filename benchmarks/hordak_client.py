"""One client of django-hordak, run by the Python of its own environment: contributions of four legs, one commit each.

Reads a number of seconds per line from standard input, posts for that long and answers the rate; nothing here is ours.
With `checked` it also refuses an overdraft, as ours always does: the accounts are locked and their balances looked at.
"""

import sys
import time

import django
from django.conf import settings


def main(host: str, database: str) -> None:
    """`migrate` as third argument makes the tables and the accounts instead."""
    _configure(host, database)
    if sys.argv[3:] == ["migrate"]:
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        _open_accounts()
        return
    post = _poster(checks=sys.argv[3:] == ["checked"])
    post()
    print("ready", flush=True)
    for line in sys.stdin:
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < float(line):
            post()
            done += 1
        print(done / (time.perf_counter() - started), flush=True)


def _configure(host: str, database: str) -> None:
    server = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": database, "USER": "postgres"}
    settings.configure(
        SECRET_KEY="none",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"],
        DATABASES={"default": {**server, "CONN_MAX_AGE": None}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        # hordak's own currency converter refuses KES as the internal currency; no conversion happens here.
        CURRENCIES=("EUR",),
        DEFAULT_CURRENCY="EUR",
        HORDAK_INTERNAL_CURRENCY="EUR",
    )
    django.setup()


def _open_accounts() -> None:
    from hordak.models import Account  # noqa: PLC0415

    for kind in ("AS", "EX", "IN", *["LI"] * 20):
        Account.objects.create(name=kind, type=kind, currencies=["EUR"])


def _poster(checks: bool):  # noqa: ANN202
    """Posts one contribution as hordak's documentation does: a transaction and its legs, all in one atomic block."""
    from django.db import transaction as database  # noqa: PLC0415
    from hordak.models import Account, Leg, Transaction  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    cash, expense, income, *savings = list(Account.objects.order_by("id"))
    count = iter(range(10**9))

    def post() -> None:
        member = savings[next(count) % len(savings)]
        with database.atomic():
            made = Transaction.objects.create(description="contribution")
            Leg.objects.create(transaction=made, account=cash, debit=Money(5000, "EUR"))
            Leg.objects.create(transaction=made, account=expense, debit=Money("76.15", "EUR"))
            Leg.objects.create(transaction=made, account=income, credit=Money("76.15", "EUR"))
            Leg.objects.create(transaction=made, account=member, credit=Money(5000, "EUR"))
            if checks:
                touched = [cash.id, expense.id, income.id, member.id]
                for account in Account.objects.select_for_update().filter(id__in=touched).order_by("id"):
                    if account.get_balance()["EUR"].amount < 0:
                        raise RuntimeError("overdrawn")

    return post


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
