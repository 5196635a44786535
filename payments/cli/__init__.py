"""Commands for the operator at night: `flask --app wsgi payouts …` and `flask --app wsgi payments …`."""

from payments.cli import correcting as correcting
from payments.cli import held as held
from payments.cli import moving as moving
from payments.cli import returns as returns
from payments.cli.paying_out import payouts
from payments.cli.watching import payments

__all__ = ["payments", "payouts"]
