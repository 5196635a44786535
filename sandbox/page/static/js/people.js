// Who has a phone here: the first two people, the form for more, and the row of names on a small screen.

import { addPerson } from "./api.js";
import { avatar } from "./device.js";
import { h, keep } from "./dom.js";

const FIRST_PEOPLE = [
  { name: "Ama", country: "KE", phone_kind: "smart" },
  { name: "Baraka", country: "KE", phone_kind: "feature" },
];

const byId = (id) => document.getElementById(id);

/** Connects the form and the first visit's button; `added(person)` is called for each new person. */
export function startPeople({ added, failed }) {
  const dialog = byId("person-dialog");
  const form = byId("person-form");
  const error = byId("person-error");
  byId("add-person").addEventListener("click", () => {
    error.hidden = true;
    dialog.showModal();
  });
  byId("person-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const person = Object.fromEntries(new FormData(form));
    try {
      const made = await addPerson({ ...person, name: person.name.trim() });
      form.reset();
      dialog.close();
      await added(made);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
  byId("start").addEventListener("click", (event) => startWithTwo(event.currentTarget, added, failed));
}

async function startWithTwo(button, added, failed) {
  button.disabled = true;
  try {
    let first = null;
    for (const person of FIRST_PEOPLE) {
      const made = await addPerson(person);
      first ??= made;
      await added(made);
    }
    await added(first);
  } catch (problem) {
    failed(problem);
  }
  button.disabled = false;
}

/** The row of names; on a wide screen it is not shown, since all the phones are. */
export function showNames(phones, chosen, choose) {
  const row = byId("people");
  row.hidden = phones.length === 0;
  const items = phones.map(({ person, unread, id }) => ({ person, unread: unread > 0, id, chosen: id === chosen?.id }));
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  keep(row, items, (item) => item.id, (item) =>
    h(
      "button",
      { type: "button", "aria-pressed": String(item.chosen), onclick: () => choose(item.id) },
      avatar(item.person),
      item.person.name || item.person.e164,
      item.unread ? h("i", { class: "dot", role: "img", "aria-label": "new message" }) : null,
    ),
  );
  if (focused) row.querySelector(`[data-key="${focused}"]`)?.focus();
}
