// One person's phone: its apps, the conversation on the screen, and sending.

import { bubble, itemsOf, showTicks } from "./bubbles.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { caption, featurePhone, smartphone, tabs } from "./device.js";
import { h, icon, keep, setText } from "./dom.js";
import { showMail } from "./mail.js";
import { sumCosts } from "./money.js";
import { showPayments, showStanding } from "./payment-cards.js";
import { showPrompt, showTimeLeft } from "./prompts.js";
import { timeOf } from "./times.js";

const CHANNELS = { smart: ["whatsapp", "sms", "email"], feature: ["sms"] };
const NEAR_THE_END_PIXELS = 80;
let count = 0;

/** A provider's error without its number in front: "11200: the product …" → "The product …". */
function sentence(message) {
  const words = message.replace(/^\d{5}: /, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export class Phone {
  #active = null;
  #logs = new Map();
  #unread = new Map();
  #suggestions = [];
  #sending = 0;
  #loaded = false;
  #atEnd = true;
  #now = null;
  #waiting = null; // the payment that this phone can answer
  #dialled = null; // the reference of the payment whose code was dialled

  /** `host` gives deliver(phone, message), act(payment, action), transfer(account, amountMinor, phone), leave(payment) and unreadChanged(). */
  constructor(person, host) {
    count += 1;
    this.id = `phone-${count}`;
    this.person = person;
    this.host = host;
    this.channels = CHANNELS[person.phone_kind] ?? CHANNELS.smart;
    this.conversation = new Conversation(this.channels);
    this.#build();
    this.show(this.channels[0]);
  }

  get isFeature() {
    return this.person.phone_kind === "feature";
  }

  get unread() {
    return [...this.#unread.values()].reduce((sum, number) => sum + number, 0);
  }

  #build() {
    const owner = this.person.name || this.person.e164;
    this.composer = new Composer({ owner, feature: this.isFeature, send: (channel, text) => this.send(channel, { text }) });
    this.statusTime = h("time");
    this.subtitle = h("p");
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "What to type" });
    this.chips.addEventListener("wheel", (event) => this.#scrollChips(event), { passive: false });
    this.payments = h("div", { class: "cards" });
    this.standing = h("div", { class: "cards" });
    this.prompt = h("div", { class: "prompt-over", hidden: true });
    this.jump = h("button", { type: "button", class: "jump", "aria-label": "To the newest message", hidden: true, onclick: () => this.#toEnd() }, icon("down"));
    for (const channel of this.channels) this.#logs.set(channel, this.#makeLog(channel, owner));
    const status = h("div", { class: "status" }, h("i", { class: "signal" }), this.statusTime, h("i", { class: "battery" }));
    const contact = h("div", { class: "contact" }, h("span", { class: "contact-mark", "aria-hidden": "true" }), h("div", {}, h("h3", {}, "GroupWallet"), this.subtitle));
    const paying = h("div", { class: "phone-payments" }, this.payments, this.standing);
    const screen = [h("div", { class: "logs" }, ...this.#logs.values(), this.jump, this.prompt), paying, this.chips, this.composer.root];
    this.apps = tabs(this.channels, this.id, (channel) => this.show(channel));
    const device = this.isFeature
      ? featurePhone({ status, contact, screen, composer: this.composer })
      : smartphone({ status, apps: this.apps, contact, screen });
    this.root = h("article", { class: `phone ${this.isFeature ? "feature" : "smart"}`, id: this.id, "aria-label": `${owner}’s phone` }, caption(this.person), device);
  }

  #makeLog(channel, owner) {
    const isMail = channel === "email";
    const log = h("div", {
      class: `log ${channel}`,
      id: `${this.id}-${channel}`,
      role: isMail ? "region" : "log",
      "aria-label": `${isMail ? "E-mail" : "Messages"} of ${owner}`,
      "aria-live": "off",
      tabindex: "0",
      hidden: true,
    });
    log.addEventListener("scroll", () => {
      this.#atEnd = this.#nearEnd(log);
      if (this.#atEnd) this.jump.hidden = true;
    });
    // Whatever takes room, a longer text, a payment or a picture, the newest message stays in sight.
    const stay = () => this.#atEnd && this.#toEnd();
    new ResizeObserver(stay).observe(log);
    log.addEventListener("load", stay, { capture: true });
    return log;
  }

  show(channel) {
    this.#active = channel;
    this.root.dataset.channel = channel;
    for (const [name, log] of this.#logs) log.hidden = name !== channel;
    for (const tab of this.apps.children) {
      const chosen = tab.dataset.channel === channel;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    const isMail = channel === "email";
    this.composer.root.hidden = isMail;
    this.chips.hidden = isMail;
    if (!isMail) this.composer.show(channel);
    this.markRead();
    this.#render(channel);
    this.#toEnd();
  }

  markRead() {
    if (!this.#unread.get(this.#active) || !this.isOnScreen()) return;
    this.#unread.delete(this.#active);
    this.#showUnread();
  }

  isOnScreen() {
    return this.root.offsetParent !== null;
  }

  /** Takes in what the inbox answered. */
  receive(messages) {
    const { changed, arrived } = this.conversation.accept(messages);
    const first = !this.#loaded;
    if (first && changed) this.#openLast();
    if (changed) for (const channel of this.channels) this.#render(channel);
    if (!first) this.#countUnread(arrived);
    if (first) {
      this.#loaded = true;
      this.#toEnd();
      // Only what comes from now on is read aloud, not the whole history.
      for (const log of this.#logs.values()) log.setAttribute("aria-live", "polite");
    }
    return changed;
  }

  #openLast() {
    const last = this.conversation.lastChannel();
    if (last !== "email" && this.channels.includes(last)) this.show(last);
  }

  #countUnread(arrived) {
    for (const { channel } of arrived) {
      if (!this.#logs.has(channel) || (channel === this.#active && this.isOnScreen())) continue;
      this.#unread.set(channel, (this.#unread.get(channel) ?? 0) + 1);
    }
    this.#showUnread();
  }

  #showUnread() {
    for (const tab of this.apps.children) {
      const badge = tab.querySelector(".unread");
      const number = this.#unread.get(tab.dataset.channel) ?? 0;
      badge.hidden = number === 0;
      setText(badge, number ? String(number) : "");
      if (number) badge.setAttribute("aria-label", `${number} new`);
    }
    this.host.unreadChanged();
  }

  async send(channel, content) {
    const title = content.text ?? content.title;
    const waiting = this.conversation.addWaiting(channel, title, [title, content.button], this.#now);
    this.#sending += 1;
    this.#render(channel);
    this.#toEnd();
    const message = content.button ? { channel, button: content.button } : { channel, text: content.text };
    try {
      await this.host.deliver(this, message);
    } catch (problem) {
      waiting.unanswered = true;
      const isBack = Boolean(content.text) && this.composer.giveBack(channel, content.text);
      this.conversation.addLine(channel, `No answer came. ${sentence(problem.message)}${isBack ? " Your text is still below." : ""}`);
    }
    this.conversation.dropWaiting(waiting);
    this.#sending -= 1;
    this.#render(channel);
  }

  #render(channel) {
    const log = this.#logs.get(channel);
    if (channel === "email") {
      showMail(log, this.conversation.messages("email"));
      this.#showSubtitle();
      return;
    }
    const wasNearEnd = this.#nearEnd(log);
    const entries = this.conversation.of(channel);
    const press = (button) => this.send(channel, { button: button.id, title: button.title });
    const before = log.childElementCount;
    keep(log, itemsOf(entries), (item) => item.key, (item, isNew) => bubble(item, press, isNew && this.#loaded));
    const byKey = new Map([...log.children].map((element) => [element.dataset.key, element]));
    for (const { key, message } of entries) if (message) showTicks(byKey.get(key), message);
    if (channel === this.#active) {
      if (wasNearEnd) this.#toEnd();
      else if (log.childElementCount > before) this.jump.hidden = false;
    }
    this.#showSubtitle();
  }

  #showSubtitle() {
    const costs = this.conversation.messages("sms").map((message) => message.cost);
    const sum = sumCosts(costs);
    const heard = this.conversation.messages(this.#active, "in").at(-1);
    const idle = {
      whatsapp: "business account",
      sms: sum ? `SMS so far: ${sum}` : (heard?.from ?? "text message"),
      email: this.person.email ?? "",
    };
    setText(this.subtitle, this.#sending && this.#active !== "email" ? "typing…" : idle[this.#active]);
  }

  setTime(now) {
    this.#now = now;
    setText(this.statusTime, timeOf(now));
    showTimeLeft(this.prompt, now);
  }

  /** `payment` is what the phone's owner can answer now, or null; `accounts` take a transfer at any time. */
  setPayments(payment, accounts) {
    this.#waiting = payment;
    if (this.#dialled !== payment?.reference) this.#dialled = null;
    this.#showPayment();
    showStanding(this.standing, accounts, this.host);
  }

  #showPayment() {
    const payment = this.#waiting;
    const covers = payment && (payment.way === "prompt" || this.#dialled === payment.reference);
    const { act, transfer, leave } = this.host;
    showPrompt(this.prompt, covers ? payment : null, act, () => this.#dial(null));
    if (this.#now) showTimeLeft(this.prompt, this.#now);
    const dial = (dialled) => this.#dial(dialled.reference);
    showPayments(this.payments, payment && !covers ? [payment] : [], { act, transfer, leave, dial });
  }

  #dial(reference) {
    this.#dialled = reference;
    this.#showPayment();
  }

  get channel() {
    return this.#active;
  }

  setSuggestions(texts) {
    if (JSON.stringify(texts) === JSON.stringify(this.#suggestions)) return;
    this.#suggestions = texts;
    keep(this.chips, texts, (text) => text, (text) => h("button", { type: "button", onclick: () => this.send(this.#active, { text }) }, text));
    this.chips.scrollLeft = 0;
  }

  #scrollChips(event) {
    if (event.deltaX || this.chips.scrollWidth <= this.chips.clientWidth) return;
    event.preventDefault();
    this.chips.scrollLeft += event.deltaY;
  }

  #nearEnd(log) {
    return log.hidden || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END_PIXELS;
  }

  #toEnd() {
    const log = this.#logs.get(this.#active);
    if (this.#active !== "email") log.scrollTop = log.scrollHeight;
    this.jump.hidden = true;
    this.#atEnd = true;
  }
}
