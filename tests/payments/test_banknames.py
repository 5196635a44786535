"""Banks as members call them, against the names that a provider lists."""

import pytest

from payments import banknames
from payments.provider import Bank

NIGERIA = (
    "Access Bank", "Access Bank (Diamond)", "First Bank of Nigeria", "First City Monument Bank", "Guaranty Trust Bank",
    "Kuda Bank", "OPay Digital Services Limited (OPay)", "Union Bank of Nigeria", "United Bank For Africa",
    "Zenith Bank",
)  # fmt: skip
KENYA = (
    "Co-operative Bank of Kenya", "Diamond Trust Bank", "Equity Bank", "Kenya Commercial Bank", "NCBA Bank Kenya",
    "Standard Chartered Bank Kenya",
)  # fmt: skip
GHANA = ("MTN", "AT Money", "Telecel Cash")


def named(said: str, names: tuple[str, ...]) -> str | None:
    banks = [Bank(str(number), name, "bank") for number, name in enumerate(names)]
    found = banknames.find(banks, said)
    return found.name if found else None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("gtbank", "Guaranty Trust Bank"),
        ("GT Bank", "Guaranty Trust Bank"),
        ("gtb", "Guaranty Trust Bank"),
        ("garanty trust bank", "Guaranty Trust Bank"),
        ("access", "Access Bank"),
        ("firstbank", "First Bank of Nigeria"),
        ("FCMB", "First City Monument Bank"),
        ("opay", "OPay Digital Services Limited (OPay)"),
        ("uba", "United Bank For Africa"),
        ("zenith bank plc", "Zenith Bank"),
        ("first", None),
        ("bank", None),
        ("", None),
        ("my uncle's", None),
    ],
)
def test_a_bank_in_nigeria(said: str, name: str | None) -> None:
    assert named(said, NIGERIA) == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("kcb", "Kenya Commercial Bank"),
        ("co-op", "Co-operative Bank of Kenya"),
        ("cooperative bank", "Co-operative Bank of Kenya"),
        ("stanchart", "Standard Chartered Bank Kenya"),
        ("equity", "Equity Bank"),
        ("dtb", "Diamond Trust Bank"),
    ],
)
def test_a_bank_in_kenya(said: str, name: str | None) -> None:
    assert named(said, KENYA) == name


@pytest.mark.parametrize(("said", "name"), [("mtn momo", "MTN"), ("vodafone cash", "Telecel Cash"), ("AT", "AT Money")])
def test_a_wallet_in_ghana(said: str, name: str | None) -> None:
    assert named(said, GHANA) == name
