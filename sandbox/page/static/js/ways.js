// What a payer can do about a payment, said the same way for both providers. Pure: touches nothing on the page.

const PROMPT = new Set(["mobile_money", "mpesa", "mobilemoneygh", "mobilemoneyug", "mobilemoneyrw", "mobilemoneysn", "mobilemoneytz", "mobilemoneyzm"]);
const VOUCHER_STEP = "send_otp";

/** "KES 508.00" → "KES 508": nobody's phone shows cents that are none. */
export function plainAmount(text) {
  return String(text).replace(/\.00$/, "");
}

/** A payment of Paystack as the page knows it; `way` is prompt, dial, transfer, voucher or checkout. */
export function ofPaystack(payment) {
  const told = payment.instructions ?? {};
  return {
    ...common(payment),
    way: paystackWay(payment),
    url: payment.kind === "checkout" ? payment.checkout_url : null,
    code: told.ussd_code ?? null,
    account: told.account_number && payment.kind === "bank_transfer" ? { number: told.account_number, bank: told.bank?.name ?? "", name: told.account_name ?? "" } : null,
    hint: payment.step !== VOUCHER_STEP && told.account_reference ? `Pay Bill ${told.account_number}, account ${told.account_reference}` : null,
    base: `/sandbox/payments/${encodeURIComponent(payment.reference)}`,
  };
}

function paystackWay(payment) {
  if (payment.step === VOUCHER_STEP) return "voucher";
  return { mobile_money: "prompt", ussd: "dial", bank_transfer: "transfer" }[payment.kind] ?? "checkout";
}

/** The same of a transaction of Flutterwave. */
export function ofFlutterwave(transaction) {
  const type = transaction.payment_type;
  const way = transaction.checkout_url ? "checkout" : type === "ussd" ? "dial" : type === "bank_transfer" ? "transfer" : PROMPT.has(type) ? "prompt" : "checkout";
  return {
    ...common(transaction),
    way,
    url: transaction.checkout_url,
    code: transaction.ussd_code,
    account: transaction.account_number ? { number: transaction.account_number, bank: "Mock Bank", name: "" } : null,
    hint: null,
    base: `/sandbox/flutterwave/transactions/${encodeURIComponent(transaction.reference)}`,
  };
}

function common(payment) {
  return {
    provider: payment.provider,
    reference: payment.reference,
    amount: plainAmount(payment.amount),
    amountMinor: payment.amount_minor,
    currency: payment.currency,
    phone: payment.phone,
    sender: payment.sender ?? null,
    at: payment.created_at,
    endsAt: payment.ends_at,
  };
}
