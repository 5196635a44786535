// What could be typed next on a phone. Pure: looks at the conversation and the groups, touches nothing.

const CONTRIBUTIONS = { KE: 5000, NG: 5000, GH: 200, ZA: 250, UG: 50000, CI: 10000 };
const GROUP_NAMES = ["Umoja", "Imani", "Tumaini", "Harambee", "Sankofa"];
const CODE = /\bjoin[\s:*_`"“]+([A-Z0-9][A-Z0-9-]{3,11})\b/giu;
const AT_MOST = 7;

/** Codes that a phone was told, as in "join UMOJA7"; the "CODE" of an explanation is none. */
export function codesIn(text) {
  return [...text.matchAll(CODE)].map((match) => match[1].toUpperCase()).filter((code) => /\d/.test(code));
}

/** Returns the texts to suggest, the likeliest first. */
export function suggest({ person, heard, said, groups, codes }) {
  const mine = groups.filter((group) => group.members.some((member) => member.phone === person.e164));
  const joined = new Set(mine.map((group) => group.code));
  const open = [...new Set([...groups.map((group) => group.code), ...codes])].filter((code) => code && !joined.has(code));
  const suggestions = answers(heard.at(-1)?.text ?? "");
  // A seal that stands in a receipt is best held against the book at once.
  const seal = /\b[0-9A-F]{4}-[0-9A-F]{4}\b/u.exec(heard.at(-1)?.text ?? "");
  if (seal) suggestions.push(`check ${seal[0]}`);
  if (said.length === 0) suggestions.push("hi");
  if (mine.length === 0) suggestions.push(...open.slice(-2).reverse().map((code) => `join ${code}`));
  if (mine.length === 0 && open.length === 0) suggestions.push(`create ${newName(groups)}`);
  if (mine.length > 0) {
    suggestions.push(`contribute ${CONTRIBUTIONS[person.country] ?? 5000}`, "balance", "statement", "seal", "members");
  }
  suggestions.push("help");
  return [...new Set(suggestions)].slice(0, AT_MOST);
}

// A question's own answers come first: "1. Yes", "Reply Y 4821".
function answers(question) {
  const coded = [...question.matchAll(/\b(Y|N|YES|NO|1|2) (\d{3,6})\b/g)].map((match) => match[0]);
  const numbered = [...question.matchAll(/^\s*\*?(\d)\*?\s*[.):=-]\s+\S/gm)].map((match) => match[1]);
  return [...coded, ...numbered].slice(0, 4);
}

function newName(groups) {
  const taken = new Set(groups.map((group) => group.name.toLowerCase()));
  return GROUP_NAMES.find((name) => !taken.has(name.toLowerCase())) ?? GROUP_NAMES[0];
}
