// Puts the page together: asks the sandbox for news about once a second, while anyone is looking, and hands it around.

import * as api from "./api.js";
import { showBooks } from "./books.js";
import { refreshOffset, showNow, startClock } from "./clock.js";
import { showDesk, startDesk } from "./desk.js";
import { setText } from "./dom.js";
import { showPayments } from "./payment-cards.js";
import { showPayouts } from "./payout-rows.js";
import { showNames, startPeople } from "./people.js";
import { Phone } from "./phone.js";
import { codesIn, suggest } from "./suggestions.js";

const PAUSE_MILLISECONDS = 1200;
const FEW_PHONES = 6; // so many are asked each time; of more, those on the screen and a few others in turn
const OTHERS_AT_ONCE = 3;
const CLOCK_EVERY_ROUNDS = 20;

const byId = (id) => document.getElementById(id);
const phones = new Map(); // e164 → Phone
const codes = new Set(); // group codes that some phone was told
const walkedAway = new Set(); // payments that their payer left open here
let chosen = null;
let groups = [];
let round = 0;
let timer = null;

const host = {
  async deliver(phone, message) {
    try {
      await api.sendMessage(phone.person.e164, message);
    } finally {
      await Promise.allSettled([refreshPhone(phone), refreshBooks(), refreshPayments()]);
    }
  },
  async act(payment, action) {
    await api.actOnPayment(payment, action);
    if (action === "abandon") walkedAway.add(payment.reference);
    await moneyMoved();
  },
  async leave(payment) {
    walkedAway.add(payment.reference);
    await refreshPayments();
  },
  async transfer(account, amountMinor, e164) {
    await api.transferIn(account, amountMinor, phones.get(e164)?.person.name);
    await moneyMoved();
  },
  unreadChanged: () => showPeople(),
};

function notice(text) {
  const place = byId("notice");
  place.hidden = !text;
  setText(place, text);
}

function failed(problem) {
  if (problem instanceof api.ApiError) {
    notice(problem.status === 0 ? "The sandbox does not answer. Trying again…" : problem.message);
  } else {
    console.error(problem);
    notice("Something on this page went wrong. Reload it to go on.");
  }
}

// --- people -----------------------------------------------------------------------------------------------------

async function refreshPeople() {
  const people = await api.listPeople();
  const listed = new Set(people.map((person) => person.e164));
  for (const [e164, phone] of phones) {
    if (listed.has(e164)) continue;
    phone.root.remove();
    phones.delete(e164);
  }
  const added = people.filter((person) => !phones.has(person.e164)).map(addPhone);
  if (!phones.has(chosen?.person.e164)) choose([...phones.values()][0] ?? null);
  byId("welcome").hidden = phones.size > 0;
  if (added.length) showPeople();
}

function addPhone(person) {
  const phone = new Phone(person, host);
  phones.set(person.e164, phone);
  byId("rail").append(phone.root);
  return phone;
}

function choose(phone) {
  chosen = phone;
  for (const { root } of phones.values()) root.classList.toggle("chosen", root === phone?.root);
  phone?.show(phone.channel);
  showPeople();
  byId("people").querySelector('[aria-pressed="true"]')?.scrollIntoView({ inline: "nearest", block: "nearest" });
}

function showPeople() {
  const all = [...phones.values()];
  showNames(all, chosen, (id) => choose(all.find((phone) => phone.id === id)));
  byId("dot-phones").hidden = document.body.dataset.view === "phones" || all.every((phone) => phone.unread === 0);
}

async function personAdded(person) {
  await refreshPeople();
  const phone = phones.get(person.e164);
  if (!phone) return;
  choose(phone);
  showView("phones");
  phone.root.scrollIntoView({ inline: "nearest", block: "nearest" });
  phone.composer.input.focus({ preventScroll: true });
  updateSuggestions();
}

// --- news -------------------------------------------------------------------------------------------------------

async function refreshPhone(phone) {
  const messages = await api.readInbox(phone.person.e164, phone.conversation.cursor());
  if (!phone.receive(messages)) return;
  for (const message of messages) for (const code of codesIn(message.text ?? "")) codes.add(code);
  updateSuggestions();
}

async function refreshBooks() {
  const state = await api.readState();
  groups = state.groups ?? [];
  showNow(state.now);
  for (const phone of phones.values()) phone.setTime(state.now);
  const isNews = showBooks(state);
  if (isNews && document.body.dataset.view !== "books") byId("dot-books").hidden = false;
  updateSuggestions();
}

async function refreshPayments() {
  const [payments, desk] = await Promise.all([api.listPayments(), api.readDesk()]);
  // Each phone shows its newest payment, until its owner walks away from it; the others stand beside the books.
  const onPhones = new Map();
  for (const payment of payments) {
    const isElsewhere = !phones.has(payment.phone) || payment.way === "voucher" || walkedAway.has(payment.reference);
    if (!isElsewhere && !onPhones.has(payment.phone)) onPhones.set(payment.phone, payment);
  }
  for (const [e164, phone] of phones) {
    const accounts = desk.standing_accounts.filter((account) => account.phone === e164);
    phone.setPayments(onPhones.get(e164) ?? null, accounts);
  }
  const shown = new Set([...onPhones.values()].map((payment) => payment.reference));
  const others = payments.filter((payment) => !shown.has(payment.reference));
  byId("payments").hidden = others.length === 0;
  showPayments(byId("payment-list"), others.map((payment) => ({ ...payment, payer: nameOf(payment.phone) })), { act: host.act, transfer: host.transfer });
  showDesk(desk, { named: nameOf, transfer: host.transfer });
}

const nameOf = (e164) => phones.get(e164)?.person.name ?? e164;

async function moneyMoved() {
  await Promise.allSettled([refreshPayments(), refreshBooks(), ...phonesToAsk().map(refreshPhone)]);
}

async function refreshPayouts() {
  const payouts = await api.listTransfers();
  byId("payouts").hidden = payouts.length === 0;
  showPayouts(byId("payout-list"), payouts);
}

function updateSuggestions() {
  for (const phone of phones.values()) {
    const { person, conversation, channel } = phone;
    if (channel === "email") continue;
    const heard = conversation.messages(channel, "in");
    const said = ["whatsapp", "sms"].flatMap((name) => conversation.messages(name, "out"));
    phone.setSuggestions(suggest({ person, heard, said, groups, codes: [...codes] }));
  }
}

// Asking fifty phones a second would be rude: those in sight first, a few of the others in turn.
function phonesToAsk() {
  const all = [...phones.values()];
  if (all.length <= FEW_PHONES) return all;
  const inSight = (phone) => {
    const { left, right, width } = phone.root.getBoundingClientRect();
    return width > 0 && right > 0 && left < innerWidth;
  };
  const seen = all.filter(inSight);
  const others = all.filter((phone) => !seen.includes(phone));
  const start = (round * OTHERS_AT_ONCE) % Math.max(others.length, 1);
  return [...seen, ...others.slice(start, start + OTHERS_AT_ONCE)];
}

async function ask() {
  clearTimeout(timer);
  round += 1;
  try {
    await refreshPeople();
    const asked = [refreshBooks(), refreshPayments(), refreshPayouts(), ...phonesToAsk().map(refreshPhone)];
    if (round % CLOCK_EVERY_ROUNDS === 1) asked.push(refreshOffset());
    const problems = (await Promise.allSettled(asked)).filter((answer) => answer.status === "rejected");
    if (problems.length) throw problems[0].reason;
    notice("");
  } catch (problem) {
    failed(problem);
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, PAUSE_MILLISECONDS);
}

// --- the two views of a small screen ------------------------------------------------------------------------------

function showView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  byId(`dot-${view}`).hidden = true;
  if (view === "phones") chosen?.show(chosen.channel);
}

for (const button of document.querySelectorAll(".views button")) {
  button.addEventListener("click", () => showView(button.dataset.view));
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else ask();
});
startPeople({ added: personAdded, failed });
startDesk({ done: () => Promise.allSettled([refreshPayments(), refreshPayouts(), refreshBooks()]) });
startClock({ moved: () => ask(), failed });
ask();
