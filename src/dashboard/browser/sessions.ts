// The list of sessions: searched, and turned page by page.

import type { ListedSession, SessionsPage } from "../wire.ts";
import { type Column, h, setText, table, tableRow, type View } from "./dom.ts";
import { bytes, count, dateTime, many, span } from "./format.ts";

const ages: readonly (readonly [string, string])[] = [
  ["", "any"],
  ["60000", "1 minute"],
  ["3600000", "1 hour"],
  ["86400000", "1 day"],
  ["604800000", "1 week"],
];

/** @param query what is looked for, as the address says */
export function sessionList(query: URLSearchParams, go: (query: URLSearchParams) => void): View {
  const page = Number(query.get("page") ?? 0);
  const status = h("p", { class: "note", role: "status" }, "Looking …");
  const rows = h("tbody");
  const turn = (to: number) => () => {
    const next = new URLSearchParams(query);
    next.set("page", String(to));
    go(next);
  };
  const before = h("button", { type: "button", disabled: true, onclick: turn(page - 1) }, "Previous");
  const after = h("button", { type: "button", disabled: true, onclick: turn(page + 1) }, "Next");
  const stop = new AbortController();
  load(query, stop.signal).then(
    (found) => {
      setText(status, summary(found, page));
      rows.replaceChildren(...found.sessions.map((session) => sessionRow(session, found.now)));
      before.disabled = page === 0;
      after.disabled = !found.hasMore;
    },
    (error) => stop.signal.aborted || setText(status, `The list could not be read: ${error.message}`),
  );
  const element = h(
    "div",
    {},
    h("h1", { tabindex: -1 }, "Sessions"),
    searchForm(query, go),
    status,
    h("section", { class: "panel" }, table("Sessions", columns, rows)),
    h("nav", { class: "turn", "aria-label": "Pages" }, before, h("span", {}, `Page ${page + 1}`), after),
  );
  return { title: "Sessions", element, close: () => stop.abort() };
}

const columns: readonly Column[] = [
  { name: "Key" },
  { name: "Principal" },
  { name: "Age" },
  { name: "Last seen" },
  { name: "Expires in" },
  { name: "Version", isNumber: true },
  { name: "Data", isNumber: true },
];

function searchForm(query: URLSearchParams, go: (query: URLSearchParams) => void): HTMLElement {
  const text = (id: string, label: string, placeholder: string) =>
    h(
      "label",
      {},
      label,
      h("input", { name: id, value: query.get(id) ?? "", placeholder, autocomplete: "off", spellcheck: "false" }),
    );
  const age = (id: string, label: string) =>
    h(
      "label",
      {},
      label,
      h(
        "select",
        { name: id },
        ...ages.map(([value, name]) => h("option", { value, selected: value === (query.get(id) ?? "") }, name)),
      ),
    );
  const submit = (event: Event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const filled = [...fields].filter(([, value]) => value !== "") as [string, string][];
    go(new URLSearchParams(filled));
  };
  return h(
    "form",
    { class: "search", role: "search", onsubmit: submit },
    text("principal", "Principal", "whose, exactly"),
    text("key", "Key", "how it begins"),
    age("olderThan", "At least as old as"),
    age("youngerThan", "At most as old as"),
    h("button", { type: "submit", class: "primary" }, "Search"),
  );
}

async function load(query: URLSearchParams, signal: AbortSignal): Promise<SessionsPage> {
  const response = await fetch(`sessions.json?${query}`, { signal });
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}

function summary({ sessions, scanned, isPartial }: SessionsPage, page: number): string {
  const nothing = page === 0 ? "No session is like that." : "There are no more.";
  const found = sessions.length === 0 ? nothing : `${count(sessions.length)} on this page, in the store's order.`;
  return isPartial ? `${found} Only the first ${count(scanned)} were looked at: search by principal.` : found;
}

function sessionRow(session: ListedSession, now: number): HTMLElement {
  const { key, principal, createdAt, lastSeenAt, expiresAt, version, names, bytes: size } = session;
  const link = h("a", { href: `#/session/${encodeURIComponent(key)}`, class: "key", title: key }, key.slice(0, 12));
  return tableRow(
    columns,
    link,
    principal ?? h("span", { class: "none" }, "nobody"),
    time(createdAt, span(now - createdAt)),
    time(lastSeenAt, `${span(now - lastSeenAt)} ago`),
    time(expiresAt, span(expiresAt - now)),
    count(version),
    `${many(names, "key")}, ${bytes(size)}`,
  );
}

export function time(at: number, text: string): HTMLElement {
  return h("time", { datetime: new Date(at).toISOString(), title: dateTime(at) }, text);
}
