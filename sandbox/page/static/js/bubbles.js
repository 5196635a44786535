// One message as it looks on the phone: text, pictures, buttons, the time, ticks, and what an SMS cost.

import { h, icon } from "./dom.js";
import { isWebAddress, withLinks } from "./richtext.js";
import { ENCODING_NAMES } from "./segments.js";
import { dayOf, timeOf } from "./times.js";

const TICKS = {
  waiting: ["clock", "on its way"],
  queued: ["check", "sent"],
  accepted: ["check", "sent"],
  sending: ["check", "sent"],
  sent: ["check", "sent"],
  delivered: ["ticks", "delivered"],
  received: ["ticks", "read"],
  read: ["ticks", "read"],
};
const FAILED = new Set(["failed", "undelivered"]);

/** What to show for a channel: its messages and lines, with a separator wherever the day changes. */
export function itemsOf(entries) {
  const items = [];
  let lastDay = null;
  for (const { key, message, line, unanswered } of entries) {
    const day = message ? dayOf(message.at) : lastDay;
    if (day && day !== lastDay) items.push({ key: `d${day}-${key}`, day });
    lastDay = day;
    if (line) items.push({ key, line });
    else items.push({ key, message: { ...message, status: trouble(message, unanswered) } });
  }
  return items;
}

function trouble(message, unanswered) {
  if (unanswered) return "no answer";
  return FAILED.has(message.status) ? "not delivered" : null;
}

/** Makes the element of an item; `press(button)` is called when one of a message's buttons is tapped. */
export function bubble(item, press, isNew) {
  if (item.day) return h("p", { class: "day" }, item.day);
  if (item.line) return h("p", { class: "line", role: "alert" }, icon("alert"), h("span", {}, item.line));
  const { message } = item;
  const mine = message.direction === "out";
  if (message.channel === "voice") return notice(message, isNew, "call", "Call from GroupWallet");
  if (message.channel === "money") return notice(message, isNew, "check", message.from);
  return h(
    "div",
    { class: `message ${mine ? "mine" : "theirs"}${isNew ? " arriving" : ""}`, "aria-live": mine ? "off" : null },
    h("div", { class: "bubble" }, h("span", { class: "who" }, mine ? "You: " : "GroupWallet: "), pictures(message), text(message), meta(message)),
    buttons(message, press),
  );
}

// What came another way than in a chat: a call, or the line of a wallet or bank about money.
function notice(message, isNew, sign, title) {
  return h(
    "div",
    { class: `message call${isNew ? " arriving" : ""}` },
    h(
      "div",
      { class: "bubble" },
      h("p", { class: "call-title" }, icon(sign), title, h("time", { datetime: message.at ?? "" }, timeOf(message.at))),
      h("p", { class: "text" }, message.text),
    ),
  );
}

/** Sets the ticks of a message that is already on the screen; the text beside them is not touched. */
export function showTicks(element, message) {
  const place = element.querySelector(".ticks");
  if (!place || place.dataset.status === message.status) return;
  place.dataset.status = message.status ?? "";
  const [name, label] = TICKS[message.status] ?? [];
  place.classList.toggle("read", label === "read");
  place.replaceChildren(...(name ? [icon(name), h("span", { class: "sr" }, label)] : []));
}

function text(message) {
  if (!message.text) return null;
  return h("p", { class: "text" }, ...withLinks(message.text, { formatted: message.channel === "whatsapp" }));
}

function pictures(message) {
  return (message.media ?? []).map((medium) => {
    const address = typeof medium === "string" ? medium : medium.url;
    const type = typeof medium === "string" ? "" : (medium.content_type ?? "");
    if (!address || !isWebAddress(address)) return h("span", { class: "attachment" }, icon("file"), type || "attachment");
    const isPicture = type ? type.startsWith("image/") : !/\.(pdf|csv|xlsx?|docx?|mp3|ogg|mp4)(\?|$)/i.test(address);
    const link = h("a", { href: address, target: "_blank", rel: "noopener" });
    if (!isPicture) {
      link.className = "attachment";
      link.append(icon("file"), address.split("/").at(-1).split("?")[0] || "file");
      return link;
    }
    const picture = h("img", { src: address, alt: "Picture in the message", loading: "lazy" });
    picture.addEventListener("error", () => {
      link.className = "attachment";
      link.replaceChildren(icon("file"), "Open the attachment");
    });
    link.className = "picture";
    link.append(picture);
    return link;
  });
}

function meta(message) {
  const details = [];
  if (message.channel === "sms") {
    if (message.segments) details.push(`${message.segments} segment${message.segments === 1 ? "" : "s"}`);
    if (message.encoding) details.push(ENCODING_NAMES[message.encoding] ?? message.encoding);
    if (message.cost) details.push(message.cost);
  }
  return h(
    "p",
    { class: "meta" },
    details.length ? h("span", { class: "price" }, details.join(" · ")) : null,
    message.status ? h("span", { class: "failed" }, message.status) : null,
    h("time", { datetime: message.at ?? "" }, timeOf(message.at)),
    message.direction === "out" && message.channel === "whatsapp" && !message.status ? h("span", { class: "ticks" }) : null,
  );
}

function buttons(message, press) {
  if (!message.buttons?.length) return null;
  return h(
    "div",
    { class: "reply-buttons" },
    ...message.buttons.map((button) => (button.kind === "link" && button.url ? linkButton(button) : replyButton(button, press))),
  );
}

function replyButton(button, press) {
  const description = button.description ? h("small", {}, button.description) : null;
  return h("button", { type: "button", onclick: () => press(button) }, icon("reply"), h("span", {}, button.title, description));
}

function linkButton(button) {
  const isSafe = isWebAddress(button.url) || button.url.startsWith("tel:");
  return h("a", { href: isSafe ? button.url : null, target: "_blank", rel: "noopener" }, icon("open"), button.title);
}
