// Payments that wait for their payer, each with what the payer does: pay at the checkout, dial a code, send a transfer.

import { h, keep } from "./dom.js";
import { minorOf } from "./money.js";
import { timeOf } from "./times.js";

const CHECKOUT_ACTIONS = [
  ["pay", "Pay"],
  ["decline", "Decline"],
  ["abandon", "Abandon"],
];
// Beside the books nobody holds the phone: what it would show is answered by two words.
const OFF_PHONE_ACTIONS = [
  ["pay", "Approve"],
  ["decline", "Decline"],
];
const SUGGESTED = { NGN: "5000", GHS: "200" };
const MINOR_DIGITS = 2; // of both currencies that have standing accounts

/**
 * `does` gives act(payment, action), transfer(account, amountMinor, phone), and on a phone dial(payment) and
 * leave(payment), which puts it away; each returns a promise or nothing. A card's buttons rest until it is settled.
 */
export function showPayments(place, payments, does) {
  keep(place, payments, (payment) => payment.reference, (payment) => card(payment, does));
}

function card(payment, does) {
  const title = payment.amount;
  return h(
    "div",
    { class: `payment ${payment.way}` },
    h(
      "p",
      { class: "payment-what" },
      h("strong", {}, title),
      h("span", { class: "payment-who" }, payment.payer ? `from ${payment.payer}` : null),
      payment.url ? h("a", { href: payment.url, target: "_blank", rel: "noopener" }, "Checkout") : null,
    ),
    detail(payment),
    payment.way === "voucher" ? null : controls(title, actionsOf(payment, does)),
  );
}

function detail(payment) {
  if (payment.way === "voucher") return h("p", { class: "payment-detail" }, "Waits for the voucher: answer the chat with it.");
  if (payment.way === "dial" && payment.code) return h("p", { class: "payment-detail" }, "USSD code ", h("code", {}, payment.code));
  if (payment.account) {
    const until = payment.endsAt ? `, until ${timeOf(payment.endsAt)}` : "";
    return h("p", { class: "payment-detail" }, "To ", h("code", {}, payment.account.number), ` ${payment.account.bank}, this amount exactly${until}`);
  }
  return null;
}

function actionsOf(payment, does) {
  const plain = (actions) => actions.map(([name, label]) => [name, label, () => does.act(payment, name)]);
  const later = does.leave ? [["later", "Later", () => does.leave(payment)]] : [];
  if (payment.way === "checkout") return plain(CHECKOUT_ACTIONS);
  if (payment.way === "transfer" && payment.account) {
    return [["pay", "Send bank transfer", () => does.transfer(payment.account.number, payment.amountMinor, payment.phone)], ...later];
  }
  if (payment.way === "dial" && does.dial) return [["pay", `Dial ${payment.code}`, () => does.dial(payment)], ...later];
  return plain(OFF_PHONE_ACTIONS);
}

/** The accounts that stand open to a phone's owner: any amount, any time. */
export function showStanding(place, accounts, does) {
  keep(place, accounts, (account) => account.account_number, (account) => standing(account, does));
}

function standing(account, does) {
  const input = h("input", { inputmode: "decimal", value: SUGGESTED[account.currency] ?? "100", "aria-label": `Amount in ${account.currency}`, autocomplete: "off" });
  const send = () => {
    const minor = minorOf(input.value, MINOR_DIGITS);
    if (!minor) throw new Error("Write an amount, such as 5000.");
    return does.transfer(account.account_number, minor, account.phone);
  };
  const done = h("span", { class: "payment-done", role: "status" });
  const buttons = controls(account.account_number, [["pay", "Send", send]], () => (done.textContent = `Sent ${account.currency} ${input.value}.`));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") buttons.querySelector("button").click();
  });
  return h(
    "details",
    { class: "standing", ontoggle: (event) => event.currentTarget.open && event.currentTarget.scrollIntoView({ block: "nearest" }) },
    h("summary", {}, "Bank transfer", h("span", { class: "standing-to" }, `to ${account.account_number}`)),
    h("p", { class: "payment-detail" }, `${account.bank}, ${account.account_name}`),
    h("div", { class: "standing-form" }, h("label", {}, h("span", {}, account.currency), input), buttons),
    done,
  );
}

function controls(title, actions, succeeded = null) {
  const error = h("p", { class: "payment-error", role: "alert", hidden: true });
  const buttons = actions.map(([name, label, work]) =>
    h("button", { type: "button", class: name, "aria-label": `${label} ${title}`, onclick: () => run(work) }, label),
  );
  async function run(work) {
    error.hidden = true;
    for (const button of buttons) button.disabled = true;
    try {
      await work();
      succeeded?.();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    for (const button of buttons) button.disabled = false;
  }
  return h("div", { class: "payment-do" }, h("div", { class: "payment-buttons" }, ...buttons), error);
}
