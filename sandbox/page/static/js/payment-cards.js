// Payments that wait for their payer: the amount, the checkout, and what the payer does.

import { h, keep } from "./dom.js";

const ACTIONS = [
  ["pay", "Pay"],
  ["decline", "Decline"],
  ["abandon", "Abandon"],
];

/** `act(payment, action)` returns a promise; the card's buttons rest until it is settled. */
export function showPayments(place, payments, act) {
  keep(place, payments, (payment) => payment.reference, (payment) => card(payment, act));
}

function card(payment, act) {
  const title = amountText(payment);
  const error = h("p", { class: "payment-error", role: "alert", hidden: true });
  const buttons = ACTIONS.map(([action, label]) =>
    h("button", { type: "button", class: action, "aria-label": `${label} ${title}`, onclick: () => run(action) }, label),
  );
  async function run(action) {
    error.hidden = true;
    for (const button of buttons) button.disabled = true;
    try {
      await act(payment, action);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    for (const button of buttons) button.disabled = false;
  }
  return h(
    "div",
    { class: "payment" },
    h(
      "p",
      { class: "payment-what" },
      h("strong", {}, title),
      h("span", { class: "payment-who" }, payment.payer ? `from ${payment.payer}` : null),
      payment.checkout_url
        ? h("a", { href: payment.checkout_url, target: "_blank", rel: "noopener" }, "Checkout")
        : null,
    ),
    h("div", { class: "payment-buttons" }, ...buttons),
    error,
  );
}

function amountText(payment) {
  const text = String(payment.amount);
  return text.includes(payment.currency) ? text : `${payment.currency} ${text}`;
}
