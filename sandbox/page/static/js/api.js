// The sandbox's JSON API, one function per request. Every failure becomes an ApiError whose message can be shown.

import { ofFlutterwave, ofPaystack } from "./ways.js";

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status; // 0 when no answer came at all
  }
}

async function request(method, path, body) {
  const options = { method, headers: { Accept: "application/json" }, cache: "no-store" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The sandbox does not answer.", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) {
    throw new ApiError(answer?.error || `The sandbox answered ${response.status}.`, answer?.status || response.status);
  }
  return answer;
}

const phonePath = (e164) => `/sandbox/phones/${encodeURIComponent(e164)}`;

export async function listPeople() {
  const answer = await request("GET", "/sandbox/people");
  return Array.isArray(answer) ? answer : answer.people;
}

export const addPerson = (person) => request("POST", "/sandbox/people", person);

export const sendMessage = (e164, message) => request("POST", `${phonePath(e164)}/messages`, message);

export async function readInbox(e164, afterId) {
  const after = afterId === null ? "" : `&after=${encodeURIComponent(afterId)}`;
  return (await request("GET", `${phonePath(e164)}/inbox?all=1${after}`)).messages;
}

export const readState = () => request("GET", "/sandbox/state");

/** Payments that wait for their payer, of both providers, newest first. */
export async function listPayments() {
  const [paystack, flutterwave] = await Promise.all([
    request("GET", "/sandbox/payments"),
    request("GET", "/sandbox/flutterwave/transactions"),
  ]);
  const open = flutterwave.transactions.filter((transaction) => transaction.is_open);
  return newestFirst([...paystack.payments.map(ofPaystack), ...open.map(ofFlutterwave)], (payment) => payment.at);
}

/** Payouts of both providers, newest first. */
export async function listTransfers() {
  const places = ["/sandbox/transfers", "/sandbox/flutterwave/transfers"];
  const answers = await Promise.all(places.map((place) => request("GET", place)));
  return newestFirst(answers.flatMap((answer) => answer.transfers), (transfer) => transfer.created_at);
}

const newestFirst = (rows, momentOf) => rows.sort((one, other) => new Date(momentOf(other)) - new Date(momentOf(one)));

// Flutterwave reads a body as what it shall report instead of the truth, so there is none.
export const actOnPayment = (payment, action) => request("POST", `${payment.base}/${action}`);

/** A transfer from some bank; one that is sent back becomes an error. */
export async function transferIn(accountNumber, amountMinor, senderName) {
  const body = { account_number: accountNumber, amount_minor: amountMinor, sender_name: senderName };
  const answer = await request("POST", "/sandbox/transfers-in", body);
  if (answer.status === "rejected") throw new ApiError("The bank sent it back: not the amount that was asked for.", 409);
  return answer;
}

export const readDesk = () => request("GET", "/sandbox/desk");
export const orderFault = (fault) => request("POST", "/sandbox/faults", fault);
export const settle = (currency) => request("POST", "/sandbox/settle", { currency });
/** One of the actions that a row of the desk offers. */
export const perform = (path) => request("POST", path);

export const readClock = () => request("GET", "/sandbox/clock");
export const forwardClock = (span) => request("POST", "/sandbox/clock", { forward: span });
export const resetClock = () => request("POST", "/sandbox/clock", { reset: true });
