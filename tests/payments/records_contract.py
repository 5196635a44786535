"""What every payment provider must keep to about its own lists, balances and refunds: all of it, or UNKNOWN.

Half a list would make money look lost, and a refund that is asked for twice is paid twice. The hooks are explained in
`tests/payments/contract.py`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from core.money import Money
from payments.provider import Outcome
from payments.provider_records import Record, RecordKind, RefundAnswer, RefundOrder, Settlement
from tests.payments.contract import REFERENCE, UNCLEAR, Contract, Tripped, logged, spoilt_reply
from tests.payments.servers import Heard, Reply, ScriptedServer, nobody

START = datetime(2026, 3, 14, tzinfo=UTC)
END = START + timedelta(days=1)
OTHER = "gw-18-fedcba9876543210"
RECEIVER = "9930000902"


@dataclass(frozen=True)
class Books:
    """What a provider has written down. Every settlement holds all the collections."""

    records: tuple[Record, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    balances: tuple[Money, ...] = ()


class RecordsContract(Contract):
    """The tests."""

    record_statuses: ClassVar[dict[RecordKind, dict[str, Outcome]]]
    money: ClassVar[tuple[str, ...]]
    page_size: ClassVar[int]
    lists_settled: ClassVar[bool] = True

    def shelf(self, books: Books, endless: bool = False) -> Callable[[Heard], Reply]:
        raise NotImplementedError

    def refund_answers(self, order: RefundOrder) -> tuple[tuple[Reply, RefundAnswer], ...]:
        raise NotImplementedError

    def before_refund(self, order: RefundOrder) -> tuple[Reply, ...]:
        return ()

    def refused_refunds(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def unclear_refunds(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def check_refund_request(self, heard: Heard, order: RefundOrder) -> None:
        raise NotImplementedError

    def a_record(self, kind: RecordKind, number: int = 1, currency: str | None = None, status: str = "") -> Record:
        """One line of a list; its status unless told is the first that the provider has."""
        currency = currency or self.money[0]
        status = status or next(iter(self.record_statuses[kind]))
        paid = self.record_statuses[kind].get(status, Outcome.UNKNOWN) is Outcome.SUCCEEDED
        return Record(
            kind=kind,
            id=str(5_200_000_000 + number),
            reference=f"gw-{number}-0123456789abcdef" if number else REFERENCE,
            amount=Money(100_000 + number * 100, currency),
            fee=Money(1_500, currency) if kind == "collection" and paid else None,
            outcome=self.record_statuses[kind].get(status, Outcome.UNKNOWN),
            status=status,
            at=START + timedelta(minutes=number),
        )

    # Lists

    def test_a_list_is_read_to_its_last_page(self, server: ScriptedServer) -> None:
        for kind in self.record_statuses:
            # Refunds and disputes are few, and a provider may have to be asked about each.
            count = self.page_size * 2 + 1 if kind in ("collection", "payout") else self.page_size + 1
            records = tuple(self.a_record(kind, number) for number in range(count))
            answer = self.provider(server.answers(self.shelf(Books(records))).url).records(kind, START, END)
            assert (answer.outcome, len(answer.records)) == (Outcome.SUCCEEDED, count), kind
            assert {record.id for record in answer.records} == {record.id for record in records}

    def test_a_record_says_all_that_the_provider_says(self, server: ScriptedServer) -> None:
        for kind, statuses in self.record_statuses.items():
            for currency in self.money:
                records = tuple(
                    self.a_record(kind, number, currency, status) for number, status in enumerate(statuses, start=1)
                )
                answer = self.provider(server.answers(self.shelf(Books(records))).url).records(kind, START, END)
                found = {record.id: record for record in answer.records}
                for record in records:
                    theirs = found[record.id]
                    # A fee is told where it is told; a due date is checked on its own.
                    assert replace(theirs, fee=record.fee, due_at=None) == record
                    assert theirs.fee in (None, record.fee)

    def test_a_status_nobody_has_heard_of_is_unknown_and_still_in_the_list(self, server: ScriptedServer) -> None:
        for kind in self.record_statuses:
            books = Books((self.a_record(kind, status="brand_new"),))
            answer = self.provider(server.answers(self.shelf(books)).url).records(kind, START, END)
            assert [record.outcome for record in answer.records] == [Outcome.UNKNOWN]

    def test_only_what_was_made_in_that_time_is_listed_the_end_excluded(self, server: ScriptedServer) -> None:
        for kind in self.record_statuses:
            times = (START - timedelta(seconds=1), START, END - timedelta(seconds=1), END, END + timedelta(seconds=1))
            records = tuple(replace(self.a_record(kind, number), at=at) for number, at in enumerate(times))
            answer = self.provider(server.answers(self.shelf(Books(records))).url).records(kind, START, END)
            assert {record.at for record in answer.records} == {START, END - timedelta(seconds=1)}

    def test_a_list_in_one_currency_holds_no_other(self, server: ScriptedServer) -> None:
        for kind in self.record_statuses:
            records = tuple(self.a_record(kind, number, currency) for number, currency in enumerate(self.money))
            provider = self.provider(server.answers(self.shelf(Books(records))).url)
            for currency in self.money:
                answer = provider.records(kind, START, END, currency)
                assert {record.amount.currency for record in answer.records} == {currency}

    def test_an_empty_list_is_complete(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.shelf(Books())).url)
        kinds: tuple[RecordKind, ...] = ("collection", "payout", "refund", "dispute")
        for kind in kinds:
            answer = provider.records(kind, START, END)
            assert (answer.outcome, answer.records) == (Outcome.SUCCEEDED, ())

    def test_half_a_list_is_none(self, server: ScriptedServer) -> None:
        for kind in ("collection", "payout"):
            records = tuple(self.a_record(kind, number) for number in range(self.page_size * 2 + 1))
            for trouble in (Reply("", 502), Reply("<html>", 200), self.wrong_key()):
                server.heard.clear()
                server.answers(self.shelf(Books(records)), trouble)
                answer = self.provider(server.url).records(kind, START, END)
                assert (answer.outcome, answer.records) == (Outcome.UNKNOWN, ())
                assert len(server.heard) == 2

    def test_a_list_without_end_is_given_up(self, server: ScriptedServer) -> None:
        records = tuple(self.a_record("collection", number) for number in range(self.page_size))
        answer = self.provider(server.answers(self.shelf(Books(records), endless=True)).url).records(
            "collection", START, END
        )
        assert (answer.outcome, answer.records) == (Outcome.UNKNOWN, ())

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_answer_is_no_list(self, server: ScriptedServer, trouble: str) -> None:
        provider = self.provider(server.answers(UNCLEAR[trouble]).url)
        listed = provider.records("collection", START, END)
        assert (listed.outcome, listed.records) == (Outcome.UNKNOWN, ())
        settlements = provider.settlements(START, END)
        assert (settlements.outcome, settlements.settlements) == (Outcome.UNKNOWN, ())
        balances = provider.balances()
        assert (balances.outcome, balances.balances) == (Outcome.UNKNOWN, ())

    def test_an_odd_row_makes_no_error_and_no_money(self, server: ScriptedServer) -> None:
        for kind in self.record_statuses:
            provider = self.provider(server.url)
            shelf = self.shelf(Books((self.a_record(kind),)))
            server.heard.clear()
            server.answers(shelf)
            provider.records(kind, START, END, self.money[0])
            for reply in spoilt_reply(shelf(server.heard[0])):
                server.answers(reply, shelf)
                for record in provider.records(kind, START, END, self.money[0]).records:
                    assert record.kind == kind and isinstance(record.reference, str) and START <= record.at < END

    # Settlements and balances

    def test_settlements_say_what_they_came_to_and_what_was_kept(self, server: ScriptedServer) -> None:
        settlements = tuple(
            Settlement(str(number), Money(1_000_000, currency), Money(15_000, currency), "success", START)
            for number, currency in enumerate(self.money, start=1)
        )
        late = Settlement("99", Money(1, self.money[0]), Money(0, self.money[0]), "success", END)
        provider = self.provider(server.answers(self.shelf(Books(settlements=(*settlements, late)))).url)
        answer = provider.settlements(START, END)
        assert answer.outcome is Outcome.SUCCEEDED
        told = {(found.id, found.total, found.fees, found.at) for found in answer.settlements}
        assert told == {(told.id, told.total, told.fees, told.at) for told in settlements}

    def test_a_settlement_lists_its_collections(self, server: ScriptedServer) -> None:
        if not self.lists_settled:
            pytest.skip("it does not tell what a settlement holds")
        records = tuple(self.a_record("collection", number) for number in range(self.page_size + 1))
        settlement = Settlement("77", Money(1, self.money[0]), Money(0, self.money[0]), "success", START)
        provider = self.provider(server.answers(self.shelf(Books(records, (settlement,)))).url)
        answer = provider.settled("77", self.money[0])
        assert answer.outcome is Outcome.SUCCEEDED
        assert {record.reference for record in answer.records} == {record.reference for record in records}

    def test_balances_are_told_in_every_currency(self, server: ScriptedServer) -> None:
        balances = tuple(Money(1_234_500, currency) for currency in self.money)
        answer = self.provider(server.answers(self.shelf(Books(balances=balances))).url).balances()
        assert (answer.outcome, set(answer.balances)) == (Outcome.SUCCEEDED, set(balances))

    # Refunds and disputes

    def test_a_refund_is_asked_for_as_documented_and_every_answer_has_its_outcome(self, server: ScriptedServer) -> None:
        order = self._order()
        for reply, expected in self.refund_answers(order):
            server.answers(*self.before_refund(order), reply)
            assert self.provider(server.url).refund(order) == expected
            self.check_refund_request(server.heard[-1], order)

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_end_of_a_refund_may_be_a_refund(self, server: ScriptedServer, trouble: str) -> None:
        order = self._order()
        script = self.before_refund(order)
        for step in range(len(script) + 1):
            server.heard.clear()
            answer = self.provider(server.answers(*script[:step], UNCLEAR[trouble]).url).refund(order)
            assert answer == RefundAnswer(Outcome.UNKNOWN, answer.status)
            assert len(server.heard) == step + 1, "an unclear refund must not be asked for again on its own"

    def test_a_refused_refund_is_declined_only_where_it_surely_was_not_made(self, server: ScriptedServer) -> None:
        order = self._order()
        for replies, outcome in (
            ((*self.refused_refunds(), self.wrong_key()), Outcome.DECLINED),
            (self.unclear_refunds(), Outcome.UNKNOWN),
            ((self.busy(),), Outcome.NOT_SENT),
        ):
            for reply in replies:
                answer = self.provider(server.answers(*self.before_refund(order), reply).url).refund(order)
                assert (answer.outcome, answer.id) == (outcome, None), reply

    def test_the_refunds_of_a_payment_are_its_own(self, server: ScriptedServer) -> None:
        paid = tuple(replace(self.a_record("collection", number), amount=self._order().amount) for number in (0, 1))
        refunds = [replace(self.a_record("refund", number), reference=paid[0].reference) for number in (2, 3)]
        foreign = replace(self.a_record("refund", 4), reference=paid[1].reference)
        provider = self.provider(server.answers(self.shelf(Books((*paid, *refunds, foreign)))).url)
        answer = provider.refunds_of(REFERENCE)
        assert answer.outcome is Outcome.SUCCEEDED
        assert {record.id for record in answer.records} == {refund.id for refund in refunds}
        assert {record.reference for record in answer.records} == {REFERENCE}
        assert provider.refunds_of(paid[1].reference).records[0].id == foreign.id

    def test_a_payment_without_refunds_has_none_and_one_they_do_not_know_says_nothing(
        self, server: ScriptedServer
    ) -> None:
        provider = self.provider(server.answers(self.shelf(Books((self.a_record("collection", 0),)))).url)
        none = provider.refunds_of(REFERENCE)
        assert (none.outcome, none.records) == (Outcome.SUCCEEDED, ())
        assert provider.refunds_of(OTHER).outcome is Outcome.UNKNOWN

    def test_one_dispute_is_told_and_an_unknown_one_is_none(self, server: ScriptedServer) -> None:
        if "dispute" not in self.record_statuses:
            pytest.skip("it lists no disputes")
        dispute = self.a_record("dispute", 7)
        provider = self.provider(server.answers(self.shelf(Books((dispute,)))).url)
        answer = provider.dispute(dispute.id)
        assert [record.reference for record in answer.records] == [dispute.reference]
        unknown = provider.dispute("404404")
        assert (unknown.outcome, unknown.records) == (Outcome.SUCCEEDED, ())

    def _order(self) -> RefundOrder:
        return RefundOrder(REFERENCE, Money(50_000, self.money[0]), "Paid twice")

    # Reachability, the breaker, and logs

    def test_who_cannot_be_reached_was_not_asked(self, server: ScriptedServer) -> None:
        for provider in (self.provider(nobody()), self.provider(server.url, Tripped())):
            assert provider.refund(self._order()).outcome is Outcome.NOT_SENT
            assert provider.refunds_of(REFERENCE).outcome is Outcome.NOT_SENT
            assert provider.records("collection", START, END).outcome is Outcome.NOT_SENT
            assert provider.settlements(START, END).outcome is Outcome.NOT_SENT
            assert provider.balances().outcome is Outcome.NOT_SENT
        assert server.heard == []

    def test_no_secret_or_account_is_in_a_log_line(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        # As core.logs has it, for urllib3 quotes whole addresses at DEBUG. First, as it also sets caplog's own level.
        caplog.set_level(logging.WARNING, "urllib3")
        caplog.set_level(logging.DEBUG)
        provider, told = self.provider(server.url), []
        for step in (self.shelf(Books((self.a_record("collection"),))), *self.refused_refunds(), Reply("<", 200)):
            server.answers(step)
            told += [provider.records("collection", START, END).detail, provider.balances().detail]
            told += [provider.refund(self._order()).status, provider.refunds_of(REFERENCE).detail]
        everything = " ".join([*told, logged(caplog), repr(provider)])
        for private in (self.secret, RECEIVER, "Paid twice"):
            assert private not in everything
