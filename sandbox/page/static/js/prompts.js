// What lies over a phone's screen until it is answered: a wallet's prompt with its PIN, or the menu of a dialled code.

import { h, keep } from "./dom.js";
import { leftOf } from "./times.js";

/** `prompt` is a payment, or null for none; `act(payment, action)` returns a promise, `close(payment)` hangs up a code. */
export function showPrompt(place, prompt, act, close) {
  keep(place, prompt ? [prompt] : [], (payment) => `${payment.way}-${payment.reference}`, (payment) =>
    payment.way === "dial" ? menu(payment, act, close) : pinPrompt(payment, act),
  );
  place.hidden = !prompt;
}

/** Lets the seconds run down, by the sandbox's clock. */
export function showTimeLeft(place, now) {
  for (const element of place.querySelectorAll("[data-ends]")) {
    const left = leftOf(element.dataset.ends, now);
    if (element.textContent !== left) element.textContent = left;
  }
}

function pinPrompt(payment, act) {
  const wallet = payment.sender ?? "Mobile Money";
  const title = `Pay ${payment.amount} to GroupWallet?`;
  const pin = h("input", { class: "pin", inputmode: "numeric", maxlength: "6", autocomplete: "off", placeholder: "any digits", "aria-label": `${wallet} PIN` });
  const answer = answering(payment, act);
  return sheet(
    { label: `${wallet}: ${title}` },
    h("p", { class: "prompt-from" }, wallet, payment.endsAt ? h("time", { class: "prompt-left", "data-ends": payment.endsAt }) : null),
    h("p", { class: "prompt-title" }, title),
    payment.hint ? h("p", { class: "prompt-hint" }, payment.hint) : null,
    h("label", { class: "prompt-pin" }, h("span", {}, "PIN"), pin),
    answer.buttons([["decline", "Decline"], ["pay", "Approve"]], { enter: pin }),
    answer.error,
  );
}

function menu(payment, act, close) {
  const answer = answering(payment, act);
  const hangUp = h("button", { type: "button", class: "decline", onclick: () => close(payment) }, "0  Cancel");
  return sheet(
    { label: `${payment.code}: pay ${payment.amount} to GroupWallet` },
    h("p", { class: "prompt-from" }, payment.sender ?? payment.code),
    h("p", { class: "prompt-title" }, `Pay ${payment.amount} to GroupWallet?`),
    h("p", { class: "prompt-hint" }, `You dialled ${payment.code}`),
    answer.buttons([["pay", "1  Confirm"]], { before: hangUp }),
    answer.error,
  );
}

function sheet({ label }, ...children) {
  return h("div", { class: "prompt", role: "alertdialog", "aria-label": label }, ...children);
}

function answering(payment, act) {
  const error = h("p", { class: "payment-error", role: "alert", hidden: true });
  let all = [];
  async function run(action) {
    error.hidden = true;
    for (const button of all) button.disabled = true;
    try {
      await act(payment, action);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    for (const button of all) button.disabled = false;
  }
  function buttons(actions, { before = null, enter = null } = {}) {
    all = actions.map(([action, label]) => h("button", { type: "button", class: action, onclick: () => run(action) }, label));
    enter?.addEventListener("keydown", (event) => {
      if (event.key === "Enter") run("pay");
    });
    return h("div", { class: "payment-buttons" }, before, ...all);
  }
  return { error, buttons };
}
