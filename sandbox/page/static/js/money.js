// Amounts as people read them. Money arrives as integer minor units; nothing is ever calculated in fractions here.

const formats = new Map();

function grouped(digits) {
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(digits);
}

/** 500000, 2 → "5,000.00"; a minus is a real minus sign. */
export function amount(minor, digits) {
  const text = grouped(digits).format(Math.abs(minor) / 10 ** digits);
  return minor < 0 ? `−${text}` : text;
}

/** Like `amount`, but says "+" too: for entries, where the sign is the point. */
export function signed(minor, digits) {
  return minor > 0 ? `+${amount(minor, digits)}` : amount(minor, digits);
}

/** What somebody typed, in minor units: "5,000.5", 2 → 500050; null when it is no amount above zero. */
export function minorOf(text, digits) {
  const match = /^(\d{1,10})(?:\.(\d+))?$/.exec(text.replace(/[\s,]/g, ""));
  if (!match || (match[2] ?? "").length > digits) return null;
  return Number(match[1] + (match[2] ?? "").padEnd(digits, "0")) || null;
}

/** Adds up costs such as "0.0250 USD" per currency, in millionths so that no fraction is ever rounded. */
export function sumCosts(costs) {
  const totals = new Map();
  for (const cost of costs) {
    const match = /^(\d+)(?:\.(\d{1,6}))?\s+([A-Z]{3})$/.exec(cost ?? "");
    if (!match) continue;
    const millionths = Number(match[1]) * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0"));
    totals.set(match[3], (totals.get(match[3]) ?? 0) + millionths);
  }
  return [...totals].map(([currency, millionths]) => `${grouped(4).format(millionths / 1_000_000)} ${currency}`).join(" + ");
}
