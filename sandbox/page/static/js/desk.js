// The operator's corner: what shall go wrong at a provider, and what may still happen to money that was paid.

import { orderFault, perform, settle } from "./api.js";
import { h, keep, setText } from "./dom.js";
import { readable } from "./entries.js";
import { showStanding } from "./payment-cards.js";
import { shortOf } from "./times.js";
import { plainAmount } from "./ways.js";

const PROVIDERS = { paystack: "Paystack", flutterwave: "Flutterwave", twilio: "Twilio" };
// Twilio takes only faults of calls.
const FAULTS = [
  [
    "The product’s calls",
    [
      ["refuse", "cut off before any work"],
      ["http_500", "answered with an error (500)"],
      ["timeout", "done, but the answer never comes"],
      ["slow", "answered slowly"],
    ],
  ],
  [
    "Webhooks",
    [
      ["duplicate_webhooks", "sent three times"],
      ["late_webhooks", "an hour late"],
      ["lose_webhooks", "lost"],
      ["shuffle_webhooks", "out of order"],
      ["forge_webhooks", "preceded by a forged one"],
    ],
  ],
  [
    "Payments",
    [
      ["wrong_amount", "paid with another amount"],
      ["wrong_currency", "paid in another currency"],
      ["reversed_later", "reversed an hour later"],
    ],
  ],
];
const WORDS = new Map(FAULTS.flatMap(([group, kinds]) => kinds.map(([kind, word]) => [kind, `${group.toLowerCase()} ${word}`])));

const byId = (id) => document.getElementById(id);
let afterwards = null;

/** Connects the form; `done()` is called after each action, so that the page asks for news. */
export function startDesk({ done }) {
  const form = byId("fault-form");
  const kinds = byId("fault-kind");
  const fill = () => {
    const groups = byId("fault-target").value === "twilio" ? FAULTS.slice(0, 1) : FAULTS;
    kinds.replaceChildren(...groups.map(([label, all]) => h("optgroup", { label }, ...all.map(([value, word]) => h("option", { value }, word)))));
  };
  byId("fault-target").addEventListener("change", fill);
  fill();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { target, kind, count } = Object.fromEntries(new FormData(form));
    run(() => orderFault({ target, kind, count: count === "all" ? null : Number(count) }), "Ordered.");
  });
  afterwards = done;
}

async function run(work, said) {
  try {
    await work();
    setText(byId("desk-said"), said);
  } catch (problem) {
    setText(byId("desk-said"), problem.message);
  }
  await afterwards();
}

/** `named(phone)` is the name of a phone's owner; `transfer` as for the phones' cards. */
export function showDesk(desk, { named, transfer }) {
  keep(byId("fault-list"), together(desk.faults), (fault) => `${fault.target}-${fault.kind}-${fault.count}`, faultRow);
  const payments = desk.payments.map((row) => ({ ...row, what: `from ${row.phone ? named(row.phone) : "a payer"}` }));
  part("desk-payments", payments);
  part("desk-refunds", desk.refunds);
  part("desk-disputes", desk.disputes);
  const accounts = desk.standing_accounts.map((account) => ({ ...account, bank: `${account.bank}${account.phone ? ` · ${named(account.phone)}` : ""}` }));
  byId("desk-standing").hidden = accounts.length === 0;
  showStanding(byId("desk-standing").lastElementChild, accounts, { transfer });
  const place = byId("desk-settle");
  place.hidden = desk.to_settle.length === 0;
  keep(place.lastElementChild, desk.to_settle.map((currency) => ({ currency })), (item) => item.currency, ({ currency }) =>
    h("button", { type: "button", class: "small", onclick: () => run(() => settle(currency), `Paystack settled ${currency}.`) }, `Settle ${currency}`),
  );
}

// The same fault ordered twice is one line; its number is what is left.
function together(faults) {
  const lines = new Map();
  for (const fault of faults) {
    const key = `${fault.target} ${fault.kind}`;
    const line = lines.get(key) ?? { ...fault, count: 0 };
    line.count = fault.count === null || line.count === null ? null : line.count + fault.count;
    lines.set(key, line);
  }
  return [...lines.values()];
}

function faultRow(fault) {
  const often = fault.count === null ? "every time" : fault.count === 1 ? "the next one" : `the next ${fault.count}`;
  const clear = () => run(() => orderFault({ target: fault.target, kind: "none" }), `${PROVIDERS[fault.target]} works again.`);
  return h(
    "li",
    {},
    h("span", {}, h("b", {}, PROVIDERS[fault.target] ?? fault.target), `: ${WORDS.get(fault.kind) ?? fault.kind} (${often})`),
    h("button", { type: "button", class: "small", "aria-label": `Clear all of ${PROVIDERS[fault.target]}`, onclick: clear }, "Clear"),
  );
}

function part(id, rows) {
  const place = byId(id);
  place.hidden = rows.length === 0;
  keep(place.lastElementChild, rows, (row) => `${row.provider}-${row.reference}`, moneyRow);
}

function moneyRow(row) {
  const line = [
    h("strong", {}, plainAmount(row.amount)),
    h("span", { class: `tag ${row.status}` }, readable(row.status.replaceAll("-", "_"))),
    h("span", { class: "row-what" }, [row.what, PROVIDERS[row.provider], shortOf(row.at)].filter(Boolean).join(" · ")),
  ];
  if (row.actions.length === 0) return h("li", { class: "money-row" }, h("p", { class: "row-line" }, ...line));
  const buttons = row.actions.map(({ name, path }) =>
    h("button", { type: "button", class: "small", onclick: () => run(() => perform(path), `${name}: done.`) }, name),
  );
  return h("li", { class: "money-row" }, h("details", {}, h("summary", { class: "row-line" }, ...line), h("div", { class: "row-buttons" }, ...buttons)));
}
