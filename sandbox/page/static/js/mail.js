// The e-mail tab: newest first, a line each, opened in place.

import { h, keep } from "./dom.js";
import { withLinks } from "./richtext.js";
import { shortOf } from "./times.js";

export function showMail(list, messages) {
  keep(list, [...messages].reverse(), (message) => message.id, letter);
}

function letter(message) {
  const attachments = (message.media ?? []).length;
  const lines = (message.text ?? "").trim();
  return h(
    "details",
    { class: "letter" },
    h(
      "summary",
      {},
      h("span", { class: "letter-from" }, senderName(message.from)),
      h("time", { datetime: message.at ?? "" }, shortOf(message.at)),
      h("span", { class: "letter-subject" }, message.subject || "(no subject)"),
      h("span", { class: "letter-start" }, lines.slice(0, 90).replace(/\s+/g, " ")),
    ),
    h("p", { class: "letter-body" }, ...withLinks(lines)),
    attachments ? h("p", { class: "letter-note" }, `${attachments} attachment${attachments === 1 ? "" : "s"}`) : null,
  );
}

function senderName(from) {
  return /^"?([^"<]+?)"?\s*</.exec(from ?? "")?.[1] ?? from ?? "GroupWallet";
}
