// The drawing of a phone: a smartphone with tabs, or a feature phone with a small grey display and keys.

import { h, icon } from "./dom.js";

const CHANNEL_NAMES = { whatsapp: "WhatsApp", sms: "SMS", email: "E-mail" };
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LETTERS = { 2: "abc", 3: "def", 4: "ghi", 5: "jkl", 6: "mno", 7: "pqrs", 8: "tuv", 9: "wxyz" };

export function initials(name) {
  return [...(name || "?").trim()][0].toUpperCase();
}

/** A colour of its own for each person, stable between visits. */
export function tintOf(person) {
  const mixed = [...person.e164].reduce((mix, digit) => (Math.imul(mix, 31) + digit.charCodeAt(0)) >>> 0, 7);
  return (Math.imul(mixed, 0x9e3779b1) >>> 8) % 6;
}

export function avatar(person) {
  return h("span", { class: `avatar tint-${tintOf(person)}`, "aria-hidden": "true" }, initials(person.name));
}

export function caption(person) {
  const kind = person.phone_kind === "feature" ? "feature phone" : "smartphone";
  return h(
    "header",
    { class: "owner" },
    avatar(person),
    h("div", {}, h("h2", {}, person.name || person.e164), h("p", {}, `${person.e164} · ${person.country} · ${kind}`)),
  );
}

export function tabs(channels, id, choose) {
  return h(
    "div",
    { class: "apps", role: "tablist", "aria-label": "Apps" },
    ...channels.map((channel) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `${id}-tab-${channel}`,
          "aria-controls": `${id}-${channel}`,
          "data-channel": channel,
          onclick: () => choose(channel),
          onkeydown: (event) => moveAlong(event),
        },
        icon(channel),
        CHANNEL_NAMES[channel],
        h("span", { class: "unread", hidden: true }),
      ),
    ),
  );
}

function moveAlong(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.parentElement.children];
  const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
  next.focus();
  next.click();
}

/** The parts of a smartphone, put together. */
export function smartphone({ status, apps, contact, screen }) {
  return h("div", { class: "device" }, h("div", { class: "screen" }, status, apps, contact, ...screen));
}

/** The parts of a feature phone; its keys type into `composer`. */
export function featurePhone({ status, contact, screen, composer }) {
  const pad = h(
    "div",
    { class: "keypad", role: "group", "aria-label": "Keypad" },
    ...KEYS.map((key) =>
      h("button", { type: "button", tabindex: "-1", onclick: () => composer.type(key) }, key, h("small", {}, LETTERS[key] ?? "")),
    ),
  );
  const soft = h(
    "div",
    { class: "softkeys" },
    h("button", { type: "button", class: "soft", "aria-label": "Send", onclick: () => composer.submit() }, h("i", { class: "call" })),
    h("span", { class: "rocker", "aria-hidden": "true" }),
    h("button", { type: "button", class: "soft", "aria-label": "Clear the text", onclick: () => composer.clear() }, h("i", { class: "hang-up" })),
  );
  return h(
    "div",
    { class: "device" },
    h("span", { class: "earpiece", "aria-hidden": "true" }),
    h("div", { class: "screen" }, status, contact, ...screen),
    soft,
    pad,
  );
}
