"""What Flutterwave keeps of a payment and takes for a payout, in minor units and whole numbers.

Collections. Published by Flutterwave: at most ₦2,000 in Nigeria (flutterwave.com/us/support, "AfriGo Cards"); Uganda's
mobile money 3.0 % and local cards 3.2 % ("operating a Flutterwave account in Uganda"); M-PESA 2.9 % and mobile money in
francs 2.5 % (samples in Node-v3 documentation/collections.md). Nigeria's 2.0 % is what reviews of 2026 report; the
samples and the page on AfriGo have 1.4 %. Nigeria's tax of 7.5 % on the fee is missing from `amount_settled` and is not
in `app_fee`: of 2,500 with a fee of 35 the sample settles 2,462.37. Everything else is assumed, as is the rounding.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from core.money import minor_digits

MOBILE_MONEY, OTHER = "mobile_money", ""


@dataclass(frozen=True)
class Rate:
    """A share in basis points with a cap in minor units, and the tax on it, of which no field tells."""

    basis_points: int
    cap: int | None = None
    tax_permille: int = 0

    def fee_of(self, minor: int) -> int:
        """Before tax; a fraction of a minor unit is rounded up."""
        return -(-self._exact(minor) // 10_000)

    def kept_of(self, minor: int) -> int:
        """With tax, rounded up once."""
        return -(-self._exact(minor) * (1_000 + self.tax_permille) // 10_000_000)

    def _exact(self, minor: int) -> int:
        share = minor * self.basis_points
        return share if self.cap is None else min(share, self.cap * 10_000)


NIGERIA = Rate(200, cap=2_000_00, tax_permille=75)
RATES: dict[tuple[str, str], Rate] = {
    ("NGN", OTHER): NIGERIA,
    ("GHS", OTHER): Rate(250),  # assumed
    ("KES", MOBILE_MONEY): Rate(290),
    ("KES", OTHER): Rate(320),  # assumed
    ("ZAR", OTHER): Rate(290),  # assumed
    ("UGX", MOBILE_MONEY): Rate(300),
    ("UGX", OTHER): Rate(320),
    ("RWF", OTHER): Rate(300),  # assumed
    ("XOF", OTHER): Rate(250),
    ("XAF", OTHER): Rate(250),
    ("TZS", OTHER): Rate(300),  # assumed
    ("ZMW", OTHER): Rate(300),  # assumed
    ("USD", OTHER): Rate(480),  # assumed
}
MOBILE_TYPES = (
    "mpesa",
    "mobilemoneygh",
    "mobilemoneyug",
    "mobilemoneyrw",
    "mobilemoneysn",
    "mobilemoneytz",
    "mobilemoneyzm",
)

# Up to this amount, this fee, in major units; the last tier has no end. Nigeria's are published with 7.5 % tax within:
# ₦25 are told as 26.875 (Node-v3 documentation/transfers.md), a fraction of a kobo. Uganda's are from the page above.
# The others are assumed.
TRANSFER_FEES: dict[tuple[str, bool], tuple[tuple[int | None, str], ...]] = {
    ("NGN", False): ((5_000, "10.75"), (50_000, "26.875"), (None, "53.75")),
    ("GHS", False): ((None, "10"),),
    ("GHS", True): ((None, "5"),),
    ("KES", False): ((None, "100"),),
    ("KES", True): ((1_500, "20"), (20_000, "40"), (None, "60")),
    ("ZAR", False): ((None, "10"),),
    ("UGX", False): ((None, "5000"),),
    ("UGX", True): ((125_000, "1000"), (None, "1.2%")),
    ("RWF", True): ((None, "1000"),),
    ("XOF", True): ((None, "500"),),
    ("XAF", True): ((None, "500"),),
    ("TZS", True): ((None, "1500"),),
    ("ZMW", True): ((None, "8.5"),),
}


def rate_of(currency: str, payment_type: str) -> Rate:
    method = MOBILE_MONEY if payment_type in MOBILE_TYPES else OTHER
    return RATES.get((currency, method)) or RATES[currency, OTHER]


def told_transfer_fee(major: Decimal, currency: str, is_wallet: bool) -> Decimal:
    """The fee as Flutterwave tells it, in major units; it may have a fraction of a minor unit.

    Raises:
        KeyError: nothing is paid out this way in this currency.
    """
    tiers = TRANSFER_FEES[currency, is_wallet]
    fee = next(fee for up_to, fee in tiers if up_to is None or major <= up_to)
    return major * Decimal(fee[:-1]) / 100 if fee.endswith("%") else Decimal(fee)


def transfer_fee_of(major: Decimal, currency: str, is_wallet: bool) -> int:
    """The fee as it is taken from the balance: whole minor units, a fraction of one rounded up.

    Raises:
        KeyError: nothing is paid out this way in this currency.
    """
    told = told_transfer_fee(major, currency, is_wallet).scaleb(minor_digits(currency))
    return int(told.quantize(Decimal(1), ROUND_CEILING))
