"""A provider's own books, as a test wants them: Paystack's lists, and what it says about one thing when asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core import clock
from tests.payments.desk import NO_ANSWER
from tests.payments.servers import Heard, Reply, ScriptedServer, Step

Row = dict[str, Any]

LISTED = {"transaction": "transactions", "transfer": "transfers", "refund": "refunds", "dispute": "disputes"}
MAX_ROWS = 100


@dataclass
class Lists:
    """Amounts are in hundredths. About what is in `mute` (references, ids, routes) no question is answered.

    `says` is what it answers about one reference where that is not what its list says.
    """

    server: ScriptedServer
    balance: int = 10**12
    transactions: list[Row] = field(default_factory=list)
    transfers: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    settlements: list[Row] = field(default_factory=list)
    settled: dict[str, list[Row]] = field(default_factory=dict)
    says: dict[str, Row] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    _ids: int = 7_000

    def __post_init__(self) -> None:
        self.server.answers(self._answer)

    def collects(self, reference: str, amount: int, fees: int = 762, status: str = "success", **more: Any) -> Row:
        row = self._row(reference=reference, amount=amount, fees=fees, status=status, **more)
        self.transactions.append(row)
        return row

    def transfers_out(self, reference: str, amount: int, fee: int = 4_000, status: str = "success", **more: Any) -> Row:
        row = self._row(reference=reference, amount=amount, fee_charged=fee, status=status, **more)
        row["transfer_code"] = f"TRF_{row['id']}"
        self.transfers.append(row)
        return row

    def gives_back(self, paid: Row, amount: int, status: str = "processed", **more: Any) -> Row:
        names = {"transaction": paid["id"], "transaction_reference": paid["reference"]}
        row = self._row(amount=amount, status=status, **names, **more)
        self.refunds.append(row)
        return row

    def is_disputed(self, paid: Row, **more: Any) -> Row:
        row = self._row(refund_amount=paid["amount"], status="awaiting-merchant-feedback", transaction=paid, **more)
        self.disputes.append(row)
        return row

    def settles(self, *paid: Row, total: int, **more: Any) -> Row:
        row = self._row(status="success", total_processed=total, total_fees=762 * len(paid), **more)
        self.settlements.append(row)
        self.settled[str(row["id"])] = list(paid)
        return row

    def _row(self, at: datetime | None = None, **columns: Any) -> Row:
        self._ids += 1
        made_at = (at or clock.now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        times = {"created_at": made_at, "createdAt": made_at, "paid_at": made_at}
        return {"id": self._ids, "currency": "KES", **times, **columns}

    def _answer(self, request: Heard) -> Step:
        parts = request.route.strip("/").split("/")
        if self.mute & {parts[-1], request.route}:
            return NO_ANSWER
        if parts == ["balance"]:
            return _ok([{"currency": "KES", "balance": self.balance}])
        if len(parts) == 3 and parts[1] == "verify":
            return self._about(parts[0], parts[2])
        if parts[0] == "settlement":
            rows = self.settlements if len(parts) == 1 else self.settled.get(parts[1], [])
            return _page(request, rows)
        rows = getattr(self, LISTED.get(parts[0], ""), [])
        if len(parts) == 2:
            found = [row for row in rows if str(row["id"]) == parts[1]]
            return _ok(found[0]) if found else _unknown(parts[0])
        return _page(request, rows)

    def _about(self, what: str, reference: str) -> Step:
        rows = [row for row in getattr(self, LISTED[what]) if row["reference"] == reference]
        if reference not in self.says and not rows:
            return _unknown(what)
        return _ok((rows[0] if rows else {"id": 1, "currency": "KES"}) | self.says.get(reference, {}))


def _page(request: Heard, rows: list[Row]) -> Reply:
    asked = request.query
    if "transaction" in asked:
        rows = [row for row in rows if str(row.get("transaction")) == asked["transaction"]]
    first, last = asked.get("from", ""), asked.get("to", "9")
    rows = [row for row in rows if first <= row["created_at"] <= last]
    page, size = int(asked.get("page", 1)), min(int(asked.get("perPage", 50)), MAX_ROWS)
    meta = {"total": len(rows), "perPage": size, "page": page, "pageCount": -(-len(rows) // size)}
    shown = rows[(page - 1) * size : page * size]
    return Reply({"status": True, "message": "ok", "data": shown, "meta": meta})


def _ok(data: Any) -> Reply:
    return Reply({"status": True, "message": "ok", "data": data})


def _unknown(what: str) -> Reply:
    return Reply({"status": False, "message": f"{what} not found", "code": f"{what}_not_found"}, 404)
