// Message text as nodes: links everywhere, and WhatsApp's *bold* _italic_ ~struck~ ```code``` where asked for.

import { h } from "./dom.js";

const LINK = /https?:\/\/[^\s<>"']+/g;
const TRAILING = /[.,;:!?)\]*~]+$/; // "_" stays: a pay token may end with it
// A mark counts only at the edge of a word and around something, as on a phone: 2*3*4 stays as typed.
const MARKS = /(^|[^\p{L}\p{N}*_~])(?:```([^`]+)```|([*_~])(?=\S)([^\n]*?\S)\3)(?![\p{L}\p{N}])/u;
const TAGS = { "*": "strong", _: "em", "~": "s" };

/** Text with clickable links; returns an array of nodes and strings. */
export function withLinks(text, { formatted = false } = {}) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, "");
    const before = text.slice(end, match.index);
    nodes.push(...(formatted ? withMarks(before) : [before]), link(address));
    end = match.index + address.length;
  }
  const rest = text.slice(end);
  nodes.push(...(formatted ? withMarks(rest) : [rest]));
  return nodes.filter((node) => node !== "");
}

function withMarks(text) {
  const match = MARKS.exec(text);
  if (!match) return [text];
  const [whole, before, code, mark, inner] = match;
  const element = code === undefined ? h(TAGS[mark], {}, ...withMarks(inner)) : h("code", {}, code);
  return [text.slice(0, match.index) + before, element, ...withMarks(text.slice(match.index + whole.length))];
}

function link(address) {
  return h("a", { href: address, target: "_blank", rel: "noopener", class: isPayLink(address) ? "pay-link" : null }, address);
}

/** A pay link of the product: any web address whose path starts with /p/. */
export function isPayLink(address) {
  try {
    return new URL(address).pathname.startsWith("/p/");
  } catch {
    return false;
  }
}

export function isWebAddress(address) {
  try {
    return ["http:", "https:"].includes(new URL(address, location.href).protocol);
  } catch {
    return false;
  }
}
