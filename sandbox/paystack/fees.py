"""What Paystack keeps of a payment, in subunits and whole numbers only.

Source: Paystack's published prices of Nigeria, Ghana, Kenya and South Africa (before tax). For XOF and USD the rates
are the usual ones of Côte d'Ivoire's mobile money and of international cards.
"""

from dataclasses import dataclass

MOBILE_MONEY, CARD = "mobile_money", "card"


@dataclass(frozen=True)
class Rate:
    """A share in basis points, a fixed part from a threshold on, and a cap."""

    basis_points: int
    fixed: int = 0
    fixed_from: int = 0
    cap: int | None = None

    def of(self, amount: int) -> int:
        # Half a subunit is rounded up, as a biller does.
        fee = (amount * self.basis_points + 5_000) // 10_000 + (self.fixed if amount >= self.fixed_from else 0)
        return fee if self.cap is None else min(fee, self.cap)


NIGERIA = Rate(150, fixed=100_00, fixed_from=2_500_00, cap=2_000_00)
NIGERIA_VIRTUAL_ACCOUNT = Rate(100, cap=300_00)
RATES: dict[tuple[str, str], Rate] = {
    ("NGN", "dedicated_nuban"): NIGERIA_VIRTUAL_ACCOUNT,
    ("NGN", ""): NIGERIA,
    ("GHS", ""): Rate(195),
    ("KES", MOBILE_MONEY): Rate(150),
    ("KES", ""): Rate(290),
    ("ZAR", ""): Rate(290, fixed=1_00),
    ("XOF", ""): Rate(195),
    ("USD", ""): Rate(390),
}
CURRENCIES = tuple(dict.fromkeys(currency for currency, _ in RATES))


def fee_of(amount: int, currency: str, channel: str) -> int:
    rate = RATES.get((currency, channel)) or RATES[(currency, "")]
    return rate.of(amount)


# Up to this amount, this fee, in subunits; the last tier has no end. Paystack's published prices of transfers
# (https://support.paystack.com/en/articles/2132866). Sources differ about Kenyan bank accounts: KES 80 is agreed up to
# KES 10,000, above it the dearer of the prices is taken.
TRANSFER_FEES: dict[tuple[str, str], tuple[tuple[int | None, int], ...]] = {
    ("NGN", "nuban"): ((5_000_00, 10_00), (50_000_00, 25_00), (None, 50_00)),
    ("GHS", MOBILE_MONEY): ((None, 1_00),),
    ("GHS", "ghipss"): ((None, 8_00),),
    ("KES", MOBILE_MONEY): ((1_500_00, 20_00), (20_000_00, 40_00), (None, 60_00)),
    ("KES", "kepss"): ((10_000_00, 80_00), (50_000_00, 140_00), (999_999_00, 180_00), (None, 350_00)),
    ("ZAR", "basa"): ((None, 3_00),),
}
# Nigeria's levy on electronic transfers.
STAMP_DUTY, STAMP_DUTY_FROM = 50_00, 10_000_00


def transfer_fee_of(amount: int, currency: str, recipient_type: str) -> int:
    tiers = TRANSFER_FEES[currency, recipient_type]
    fee = next(fee for up_to, fee in tiers if up_to is None or amount <= up_to)
    return fee + (STAMP_DUTY if currency == "NGN" and amount >= STAMP_DUTY_FROM else 0)
