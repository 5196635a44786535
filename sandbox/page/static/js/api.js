// The sandbox's JSON API, one function per request. Every failure becomes an ApiError whose message can be shown.

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

export async function listPayments() {
  return (await request("GET", "/sandbox/payments")).payments;
}

export async function listTransfers() {
  return (await request("GET", "/sandbox/transfers")).transfers;
}

export const actOnPayment = (reference, action) =>
  request("POST", `/sandbox/payments/${encodeURIComponent(reference)}/${action}`, {});

export const readClock = () => request("GET", "/sandbox/clock");
export const forwardClock = (span) => request("POST", "/sandbox/clock", { forward: span });
export const resetClock = () => request("POST", "/sandbox/clock", { reset: true });
