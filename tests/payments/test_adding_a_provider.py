"""The checklist for another provider (docs/adding-a-provider.md) leaves nothing out."""

import inspect
import re

from tests.conftest import ROOT
from tests.payments import contract
from tests.payments.charge_contract import ChargeContract
from tests.payments.events_contract import EventContract
from tests.payments.payout_contract import PayoutContract
from tests.payments.provider_contract import ProviderContract
from tests.payments.records_contract import RecordsContract

SUITES = (ProviderContract, EventContract, ChargeContract, PayoutContract, RecordsContract)
CHECKLIST = (ROOT / "docs" / "adding-a-provider.md").read_text()


def test_the_checklist_names_every_suite_and_every_part_of_the_example() -> None:
    here = ROOT / "tests" / "payments"
    assert {inspect.getfile(suite) for suite in SUITES} == {str(path) for path in here.glob("*_contract.py")}
    named = [f"`{suite.__name__}`" for suite in SUITES]
    named += [str(path.relative_to(ROOT)) for path in (*here.glob("*_contract.py"), here / "contract.py")]
    named += [str(path.relative_to(ROOT)) for path in (ROOT / "payments" / "providers").glob("paystack*.py")]
    assert [name for name in named if name not in CHECKLIST] == []


def test_every_path_that_the_checklist_names_exists() -> None:
    named = re.findall(r"`((?:\w+/)+[\w.-]+)`", CHECKLIST)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_hook_of_every_suite_is_explained() -> None:
    explained = str(contract.__doc__)
    for suite in SUITES:
        hooks = {name for name, hook in vars(suite).items() if "raise NotImplementedError" in _source(hook)}
        hooks |= {name for name in vars(suite).get("__annotations__", {}) if name not in ("phones",)}
        missing = {name for name in hooks if not re.search(rf"`{name}[`(]", explained)}
        assert missing == set(), suite.__name__


def _source(hook: object) -> str:
    return inspect.getsource(hook) if inspect.isfunction(hook) else ""
