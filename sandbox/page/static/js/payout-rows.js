// The newest payouts at both providers: how much, to whose account, and how far they are.

import { h, keep } from "./dom.js";
import { readable } from "./entries.js";
import { shortOf } from "./times.js";

const NEWEST = 20;

export function showPayouts(place, payouts) {
  keep(place, payouts.slice(0, NEWEST), (payout) => payout.reference, row);
}

function row(payout) {
  const status = payout.status.toLowerCase(); // Flutterwave writes SUCCESSFUL
  return h(
    "li",
    { class: "payout" },
    h("strong", {}, payout.amount),
    h("span", { class: "payment-who" }, `to ${payout.name}`),
    h("span", { class: `tag ${status}` }, readable(status)),
    h("span", { class: "payout-where" }, `${payout.bank} · ${payout.account_number} · ${shortOf(payout.created_at)}`),
  );
}
