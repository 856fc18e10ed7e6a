// One session: what it is, what happens to it, and the button that ends it.

import type { Happening, ShownConnection, ShownSession, ShownValue } from "../wire.ts";
import { type Column, h, setText, table, tableRow, type View } from "./dom.ts";
import type { Feed } from "./feed.ts";
import { bytes, count, dateTime, many, timeOfDay } from "./format.ts";
import { time } from "./sessions.ts";

/** The newest; older ones are let go. */
const MOST_HAPPENINGS = 200;

const columns: readonly Column[] = [
  { name: "Key" },
  { name: "Shape" },
  { name: "Size", isNumber: true },
  { name: "Value" },
];

export function sessionPage(key: string, feed: Feed): View {
  const status = h("p", { class: "note", role: "status" }, "Looking …");
  const facts = h("dl", { class: "facts" });
  const values = h("tbody");
  const connections = h("ul", { class: "plain" }, none());
  const happenings = h("ol", { class: "timeline", reversed: true });
  const quiet = h("p", { class: "none" }, "Nothing yet.");
  const dialog = endDialog(key, (text) => setText(status, text));
  const place = h("small");
  const stop = feed.subscribe(() => setText(place, where(feed)));
  const end = h(
    "button",
    { type: "button", class: "danger", disabled: true, onclick: () => dialog.showModal() },
    "End session",
  );

  const source = new EventSource(`live.events?session=${encodeURIComponent(key)}`);
  source.addEventListener("session", (event) => {
    const session: ShownSession | null = JSON.parse(event.data);
    end.disabled = session === null;
    if (!session) {
      source.close();
      values.replaceChildren();
      connections.replaceChildren(h("li", {}, "None: the session is over."));
      return setText(status, over ?? "There is no such session, or none any more.");
    }
    setText(status, "Live: what changes is shown as it does.");
    facts.replaceChildren(...factsOf(session));
    values.replaceChildren(...session.values.map(valueRow));
    connections.replaceChildren(
      ...(session.connections.length > 0 ? session.connections.map(connectionItem) : [none()]),
    );
  });
  let over: string | null = null;
  source.addEventListener("happening", (event) => {
    const happening: Happening = JSON.parse(event.data);
    if (happening.what === "ended") over = `This session is over: ${happening.reason}.`;
    quiet.remove();
    happenings.prepend(happeningItem(happening));
    if (happenings.children.length > MOST_HAPPENINGS) happenings.lastElementChild?.remove();
  });
  source.addEventListener("error", () => setText(status, over ?? "The connection is lost; trying again …"));

  const element = h(
    "div",
    {},
    h("p", { class: "back" }, h("a", { href: "#/sessions" }, "All sessions")),
    h("div", { class: "bar" }, h("h1", { tabindex: -1 }, "Session"), end),
    h("p", { class: "key whole" }, key),
    status,
    facts,
    h("section", { class: "panel" }, h("h2", {}, "Data"), table("Data", columns, values)),
    h(
      "div",
      { class: "halves" },
      h(
        "section",
        { class: "panel" },
        h("h2", {}, "Changes ", h("small", {}, "since this page was opened")),
        quiet,
        happenings,
      ),
      h("section", { class: "panel" }, h("h2", {}, "Connections ", place), connections),
    ),
    dialog,
  );
  const close = () => {
    stop();
    source.close();
  };
  return { title: "Session", element, close };
}

const none = () => h("li", { class: "none" }, "None.");

function connectionItem({ node, transport, since }: ShownConnection): HTMLElement {
  return h("li", {}, `${transport} on ${node}, since `, time(since, timeOfDay(since)));
}

function where({ opening }: Feed): string {
  if (!opening) return "";
  return opening.shared ? "on all nodes" : `on ${opening.node} alone`;
}

function factsOf({
  principal,
  createdAt,
  lastSeenAt,
  expiresAt,
  deadline,
  version,
  names,
  bytes: size,
}: ShownSession): HTMLElement[] {
  const all: readonly (readonly [string, Node | string])[] = [
    ["Principal", principal ?? "nobody"],
    ["Version", count(version)],
    ["Data", `${many(names, "key")}, ${bytes(size)}`],
    ["Made", time(createdAt, dateTime(createdAt))],
    ["Last seen", time(lastSeenAt, dateTime(lastSeenAt))],
    ["Expires", time(expiresAt, dateTime(expiresAt))],
    ["Deadline", deadline === null ? "none" : time(deadline, dateTime(deadline))],
  ];
  return all.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

function valueRow({ name, shape, bytes: size, json }: ShownValue): HTMLElement {
  const value = json === null ? h("span", { class: "none" }, "hidden") : h("pre", {}, json);
  return tableRow(columns, h("span", { class: "key" }, name), shape, bytes(size), value);
}

const words: Readonly<Record<Exclude<Happening["what"], "changed" | "ended">, string>> = {
  stale: "May be out of step with the store",
  live: "In step with the store again",
  expiring: "About to expire",
  extended: "No longer about to expire",
};

function happeningItem({ at, version, what, put, removed, reason }: Happening): HTMLElement {
  const names = (all: readonly string[]) => all.flatMap((name, index) => [index > 0 ? ", " : " ", h("code", {}, name)]);
  const text =
    what === "ended"
      ? [`Ended: ${reason}`]
      : what !== "changed"
        ? [words[what]]
        : [
            `Version ${version}:`,
            ...(put.length > 0 ? [" wrote", ...names(put)] : []),
            ...(removed.length > 0 ? [`${put.length > 0 ? ";" : ""} removed`, ...names(removed)] : []),
            ...(put.length + removed.length === 0 ? [" no change of data"] : []),
          ];
  return h("li", { class: what }, time(at, timeOfDay(at)), h("span", {}, ...text));
}

function endDialog(key: string, say: (text: string) => void): HTMLDialogElement {
  const close = () => dialog.close();
  const confirm = async () => {
    close();
    const response = await fetch("end.json", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key }),
    }).catch(() => null);
    if (!response?.ok) return say("The session could not be ended.");
    const { ended } = await response.json();
    if (!ended) say("It was over already.");
  };
  const dialog = h(
    "dialog",
    { "aria-labelledby": "end-title", "aria-describedby": "end-text" },
    h("h2", { id: "end-title" }, "End this session?"),
    h(
      "p",
      { id: "end-text" },
      "Whoever uses it is signed out everywhere, its connections are closed, and what it holds is lost.",
    ),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onclick: close, autofocus: true }, "Keep it"),
      h("button", { type: "button", class: "danger", onclick: () => void confirm() }, "End session"),
    ),
  );
  return dialog;
}
