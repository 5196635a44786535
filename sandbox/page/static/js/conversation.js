// What one phone has said and heard: messages in order, texts still on their way, and lines from the page itself.

const SETTLED = new Set(["read", "received", "failed", "undelivered", "canceled", "completed"]);
const WATCH_MILLISECONDS = 20_000;
let localCount = 0;

export class Conversation {
  entries = []; // what is shown, in order of arrival
  #known = new Map(); // message id → entry
  #received = []; // server messages in the server's order, for the cursor
  #channels;

  /** `channels` are the phone's apps; what came another way, such as a call, is shown in the first of them. */
  constructor(channels) {
    this.#channels = channels;
  }

  /** Takes in messages from the inbox; returns {changed, arrived}: `arrived` are the new ones sent to this phone. */
  accept(messages) {
    let changed = false;
    const arrived = [];
    for (const message of messages) {
      const entry = this.#known.get(message.id);
      if (entry) {
        if (entry.message.status !== message.status) {
          entry.message.status = message.status;
          changed = true;
        }
        continue;
      }
      changed = true;
      this.#add(message);
      if (message.direction === "in") arrived.push(message);
    }
    return { changed, arrived };
  }

  #add(message) {
    const waiting = message.direction === "out" && this.entries.find((entry) => entry.isFor?.(message));
    const entry = waiting || { key: `m${message.id}`, channel: this.#place(message.channel) };
    entry.message = message;
    delete entry.isFor;
    if (!waiting) this.entries.push(entry);
    this.#known.set(message.id, entry);
    this.#received.push({ message, seenAt: performance.now() });
  }

  #place(channel) {
    return this.#channels.includes(channel) ? channel : this.#channels[0];
  }

  /**
   * The id after which to ask for more, or null for everything. It stays before recent messages whose status may still
   * change (sent, delivered, read), so that their ticks follow.
   */
  cursor() {
    const watched = performance.now() - WATCH_MILLISECONDS;
    let index = this.#received.length - 1;
    for (let i = index; i >= 0 && this.#received[i].seenAt > watched; i -= 1) {
      if (!SETTLED.has(this.#received[i].message.status)) index = i - 1;
    }
    return index < 0 ? null : this.#received[index].message.id;
  }

  /** Shows a text at once, before the sandbox has it; the real message takes its place when it comes. */
  addWaiting(channel, text, names, at) {
    localCount += 1;
    const entry = {
      key: `w${localCount}`,
      channel,
      message: { id: null, channel, direction: "out", text, status: "waiting", at, media: [], buttons: [] },
      isFor: (message) => message.channel === channel && names.includes(message.text),
    };
    this.entries.push(entry);
    return entry;
  }

  /** Removes a text that never became a message. */
  dropWaiting(entry) {
    if (entry.isFor) this.entries.splice(this.entries.indexOf(entry), 1);
  }

  addLine(channel, text) {
    localCount += 1;
    this.entries.push({ key: `l${localCount}`, channel, line: text });
  }

  of(channel) {
    return this.entries.filter((entry) => entry.channel === channel);
  }

  /** What was said in an app; the line of a bank or wallet is shown there, but nobody said it. */
  messages(channel, direction) {
    return this.of(channel)
      .map((entry) => entry.message)
      .filter((message) => message && message.channel !== "money" && (!direction || message.direction === direction));
  }

  lastChannel() {
    return this.entries.at(-1)?.channel ?? null;
  }
}
