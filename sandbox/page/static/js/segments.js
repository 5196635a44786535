// How an SMS is cut into segments, by GSM 03.38: the count a phone shows while one types.

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");

const LIMITS = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } };
export const ENCODING_NAMES = { gsm7: "GSM-7", ucs2: "UCS-2" };

/** Returns {encoding, units, segments, limit, left, culprit}; `culprit` is the character that forced UCS-2, or null. */
export function measure(text) {
  const characters = [...text];
  const culprit = characters.find((c) => !BASIC.has(c) && !EXTENSION.has(c)) ?? null;
  const encoding = culprit === null ? "gsm7" : "ucs2";
  const sizes = characters.map((c) => (encoding === "ucs2" ? c.length : EXTENSION.has(c) ? 2 : 1));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { single, part } = LIMITS[encoding];
  if (units <= single) {
    return { encoding, units, segments: units ? 1 : 0, limit: single, left: single - units, culprit };
  }
  const { segments, used } = pack(sizes, part);
  return { encoding, units, segments, limit: part, left: part - used, culprit };
}

// A two-unit character is never split between two segments: it moves to the next one whole.
function pack(sizes, part) {
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > part) {
      segments += 1;
      used = 0;
    }
    used += size;
  }
  return { segments, used };
}

/** "23/160 · 1 segment · GSM-7" */
export function describe(text) {
  const { encoding, units, segments, limit, culprit } = measure(text);
  const room = segments > 1 ? limit * segments : limit;
  const count = Math.max(segments, 1);
  const why = culprit === null ? "" : ` (has ${culprit})`;
  return `${units}/${room} · ${count} segment${count === 1 ? "" : "s"} · ${ENCODING_NAMES[encoding]}${why}`;
}
