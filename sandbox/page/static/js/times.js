// Times as the visitor's own clock would show them.

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const year = new Intl.DateTimeFormat("en-GB", { year: "numeric" });

const valid = (iso) => {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? null : moment;
};
const formatted = (format) => (iso) => {
  const moment = valid(iso);
  return moment ? format.format(moment) : "";
};

export const timeOf = formatted(time);
export const dayOf = formatted(day);
export const shortOf = formatted(short);
export const dateOf = formatted(date);
export const weekdayOf = formatted(weekday);
export const yearOf = formatted(year);

/** How long until a moment, as "2:31"; empty once it is over or further away than an hour. */
export function leftOf(iso, nowIso) {
  const seconds = Math.floor((new Date(iso) - new Date(nowIso)) / 1000);
  if (!(seconds >= 0 && seconds < 3600)) return "";
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** 266400 → "3 d 2 h"; the two largest units, empty below a minute. */
export function spanOf(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const parts = [
    [Math.floor(minutes / 1440), "d"],
    [Math.floor(minutes / 60) % 24, "h"],
    [minutes % 60, "min"],
  ].filter(([count]) => count > 0);
  return parts.slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
}
