// Where a text is typed: Enter sends, Shift+Enter starts a new line, and an SMS is counted while one types.

import { h, icon } from "./dom.js";
import { describe } from "./segments.js";

export class Composer {
  #drafts = new Map(); // channel → text not sent yet
  #channel = null;

  /** `send(channel, text)` is called with what was typed. */
  constructor({ owner, send, feature }) {
    this.input = h("textarea", {
      rows: "1",
      maxlength: "1600",
      placeholder: "Message",
      "aria-label": `Message from ${owner}`,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      enterkeyhint: "send",
    });
    this.counter = h("p", { class: "counter", "aria-live": "off" });
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send" }, feature ? "Send" : icon("send"));
    this.root = h("form", { class: "composer" }, h("div", { class: "field" }, this.input, this.button), this.counter);
    this.send = send;
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.#count());
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
  }

  show(channel) {
    if (channel === this.#channel) return;
    if (this.#channel) this.#drafts.set(this.#channel, this.input.value);
    this.#channel = channel;
    this.input.value = this.#drafts.get(channel) ?? "";
    this.#count();
  }

  submit() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#count();
    this.send(this.#channel, text);
  }

  /** Puts back a text that could not be sent; false when something else was typed meanwhile. */
  giveBack(channel, text) {
    const isShown = channel === this.#channel;
    if (isShown ? this.input.value : this.#drafts.get(channel)) return false;
    this.#drafts.set(channel, text);
    if (isShown) {
      this.input.value = text;
      this.input.select(); // Enter tries again, and typing replaces it
      this.#count();
    }
    return true;
  }

  type(character) {
    this.input.setRangeText(character, this.input.selectionStart, this.input.selectionEnd, "end");
    this.#count();
  }

  clear() {
    this.input.value = "";
    this.#count();
  }

  #count() {
    const isSms = this.#channel === "sms";
    this.counter.hidden = !isSms;
    this.counter.textContent = isSms ? describe(this.input.value) : "";
    this.button.classList.toggle("ready", this.input.value.trim() !== "");
    this.input.style.blockSize = "auto";
    // A few lines at most: the conversation above keeps its room.
    this.input.style.blockSize = `${Math.min(this.input.scrollHeight, 96)}px`;
  }
}
