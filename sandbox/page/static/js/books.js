// The books beside the phones: each group's wallet, members, waiting contributions and entries; the outbox's counters.

import { h, icon, keep, setText } from "./dom.js";
import { readable, showEntries } from "./entries.js";
import { amount } from "./money.js";
import { timeOf } from "./times.js";

const OUTBOX = [
  ["pending", "waiting"],
  ["running", "sending"],
  ["done", "done"],
  ["dead", "given up"],
];

const RECENT_MILLISECONDS = 60 * 60 * 1000;

const byId = (id) => document.getElementById(id);
const cards = new Map(); // group id → its parts
let shownBefore = false;

/** Brings the books up to date; returns true when something in them is new since the last time. */
export function showBooks(state) {
  const before = JSON.stringify([...cards.values()].map((card) => card.newest));
  const groups = state.groups ?? [];
  for (const group of groups) {
    if (!cards.has(group.id)) cards.set(group.id, makeCard());
    fill(cards.get(group.id), group, shownBefore);
  }
  for (const [id, card] of cards) {
    if (groups.some((group) => group.id === id)) continue;
    card.root.remove();
    cards.delete(id);
  }
  byId("groups").append(...groups.map((group) => cards.get(group.id).root).filter((root) => !root.isConnected));
  byId("books-empty").hidden = groups.length > 0;
  showOutbox(state.outbox);
  showWebhookErrors(recent(state.webhook_errors ?? [], state.now));
  const changed = shownBefore && before !== JSON.stringify([...cards.values()].map((card) => card.newest));
  shownBefore = true;
  return changed;
}

function makeCard() {
  const card = {
    name: h("h3"),
    code: h("code", { class: "code" }),
    total: h("p", { class: "total" }),
    members: h("ul", { class: "members" }),
    waiting: h("ul", { class: "waiting" }),
    entries: h("ol", { class: "entries" }),
    check: h("p", { class: "check" }),
    newest: null,
  };
  card.waitingPart = h("section", { class: "part", hidden: true }, h("h4", {}, "On the way"), card.waiting);
  card.entriesPart = h(
    "section",
    { class: "part", hidden: true },
    h("h4", {}, "Entries"),
    h("p", { class: "hint" }, "What the group owes has a plus, what it holds a minus. Every transaction adds up to zero."),
    card.entries,
    card.check,
  );
  card.root = h(
    "article",
    { class: "group" },
    h("header", { class: "group-head" }, card.name, h("p", { class: "join" }, "code ", card.code), card.total),
    h("section", { class: "part" }, h("h4", {}, "Savings"), card.members),
    card.waitingPart,
    card.entriesPart,
  );
  return card;
}

function fill(card, group, highlight) {
  const digits = group.minor_digits;
  setText(card.name, group.name);
  setText(card.code, group.code);
  const total = `${group.currency} ${amount(group.total_minor, digits)}`;
  if (card.total.dataset.total !== total) {
    card.total.dataset.total = total;
    card.total.replaceChildren(h("span", { class: "currency" }, group.currency), amount(group.total_minor, digits));
  }
  const most = Math.max(1, ...group.members.map((member) => member.savings_minor));
  keep(card.members, group.members.map((member) => ({ ...member, share: member.savings_minor / most })), memberKey, (m) => memberRow(m, digits));
  const waiting = group.pending ?? [];
  card.waitingPart.hidden = waiting.length === 0;
  keep(card.waiting, waiting, (item) => item.transaction_id, (item) => waitingRow(item, digits));
  card.entriesPart.hidden = group.entries.length === 0;
  showEntries(card.entries, group, highlight);
  showCheck(card.check, group.entries_sum_minor, digits);
  card.newest = [group.entries[0]?.transaction_id, waiting.length, group.members.length];
}

const memberKey = (member) => member.phone || member.name;

function memberRow(member, digits) {
  const bar = h("span", { class: "bar-fill" });
  bar.style.inlineSize = `${Math.max(0, Math.min(1, member.share)) * 100}%`;
  return h(
    "li",
    {},
    h("span", { class: "member-name" }, member.name, member.role && member.role !== "member" ? h("span", { class: "tag" }, readable(member.role)) : null),
    h("span", { class: "figure" }, amount(member.savings_minor, digits)),
    h("span", { class: "bar-track", "aria-hidden": "true" }, bar),
  );
}

function waitingRow(item, digits) {
  return h(
    "li",
    {},
    h("span", {}, [item.member, readable(item.kind).toLowerCase()].filter(Boolean).join(" · "), h("span", { class: "tag" }, readable(item.state))),
    h("span", { class: "figure" }, amount(item.amount_minor, digits)),
  );
}

function showCheck(place, sum, digits) {
  const balanced = !sum;
  const words = balanced ? "All entries of this group add up to zero." : `The entries do not add up: ${amount(sum, digits)} too much.`;
  if (place.dataset.words === words) return;
  place.dataset.words = words;
  place.className = `check ${balanced ? "balanced" : "unbalanced"}`;
  place.replaceChildren(icon(balanced ? "check" : "alert"), words);
}

function showOutbox(outbox) {
  const place = byId("outbox");
  place.hidden = !outbox;
  if (!outbox) return;
  keep(place, OUTBOX.map(([state, label]) => ({ state, label, count: outbox[state] ?? 0 })), (item) => item.state, (item) =>
    h("div", { class: `${item.state}${item.count ? "" : " none"}` }, h("dt", {}, item.label), h("dd", {}, String(item.count))),
  );
}

// Old trouble is no news: an error stays on the page for an hour of the sandbox's clock.
function recent(errors, now) {
  return errors.filter((error) => new Date(now) - new Date(error.at) < RECENT_MILLISECONDS);
}

function showWebhookErrors(errors) {
  keep(byId("webhook-errors"), errors.length ? [{ key: "errors", errors }] : [], (item) => item.key, (item) =>
    h(
      "details",
      { class: "webhook-errors" },
      h("summary", {}, icon("alert"), ` ${item.errors.length} webhook${item.errors.length === 1 ? "" : "s"} the product did not take`),
      h("ul", {}, ...item.errors.map((error) => h("li", {}, `${timeOf(error.at)} · ${error.provider} · ${error.error}`, h("br"), error.url))),
    ),
  );
}
