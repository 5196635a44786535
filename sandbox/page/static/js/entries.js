// The newest entries of a group, a small table per transaction: two or more lines that add up to zero.

import { h, icon, keep } from "./dom.js";
import { amount, signed } from "./money.js";
import { shortOf } from "./times.js";

const ENTRIES_SHOWN = 60; // the most that the sandbox sends; the oldest transaction may be cut there

export function readable(word) {
  const text = String(word ?? "").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Entries, newest first, put together by transaction. */
export function transactionsOf(entries) {
  const byId = new Map();
  for (const entry of entries) {
    if (!byId.has(entry.transaction_id)) byId.set(entry.transaction_id, { ...entry, lines: [], sum: 0 });
    const transaction = byId.get(entry.transaction_id);
    transaction.lines.push({ wallet: entry.wallet, member: entry.member, amount_minor: entry.amount_minor });
    transaction.sum += entry.amount_minor;
  }
  const transactions = [...byId.values()];
  if (entries.length >= ENTRIES_SHOWN && transactions.at(-1).sum !== 0) transactions.pop();
  return transactions.map(({ transaction_id: id, kind, state, at, lines, sum }) => ({ id, kind, state, at, lines, sum }));
}

export function showEntries(place, group, highlight) {
  const digits = group.minor_digits;
  keep(place, transactionsOf(group.entries), (transaction) => transaction.id, (transaction, isNew) =>
    row(transaction, digits, highlight && isNew),
  );
}

function row(transaction, digits, isFresh) {
  const balanced = transaction.sum === 0;
  return h(
    "li",
    { class: `transaction${isFresh ? " fresh" : ""}` },
    h(
      "p",
      { class: "transaction-head" },
      h("b", {}, readable(transaction.kind)),
      transaction.state === "completed" ? null : h("span", { class: "tag" }, readable(transaction.state)),
      h("time", { datetime: transaction.at }, shortOf(transaction.at)),
    ),
    h("ul", { class: "lines" }, ...transaction.lines.map((line) => entryLine(line, digits))),
    h(
      "p",
      { class: `sum ${balanced ? "balanced" : "unbalanced"}` },
      h("span", {}, "Sum"),
      h("span", { class: "figure" }, icon(balanced ? "check" : "alert"), amount(transaction.sum, digits)),
    ),
  );
}

function entryLine(line, digits) {
  const wallet = readable(line.wallet);
  return h(
    "li",
    {},
    h("span", {}, line.member ? `${line.member} · ${wallet.toLowerCase()}` : wallet),
    h("span", { class: `figure ${line.amount_minor < 0 ? "minus" : "plus"}` }, signed(line.amount_minor, digits)),
  );
}
