// The page: its head, its parts by the address behind the #, and which of them is open.

import { h, setText, type View } from "./dom.ts";
import { type Connection, Feed } from "./feed.ts";
import { overview } from "./overview.ts";
import { sessionPage } from "./session.ts";
import { sessionList } from "./sessions.ts";

const feed = new Feed();
const main = h("main", { id: "main" });
const state = h("p", { class: "state", role: "status" });
const links = [h("a", { href: "#/" }, "Overview"), h("a", { href: "#/sessions" }, "Sessions")];
let open: View | null = null;

const words: Readonly<Record<Connection, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Not connected: load the page again",
};

function go(query: URLSearchParams): void {
  const text = query.toString();
  location.hash = text ? `#/sessions?${text}` : "#/sessions";
}

function show(isFirst = false): void {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [part, key] = path.split("/");
  open?.close();
  if (part === "session" && key) open = sessionPage(decodeURIComponent(key), feed);
  else if (part === "sessions") open = sessionList(new URLSearchParams(query), go);
  else open = overview(feed);
  main.replaceChildren(open.element);
  document.title = `${open.title} · live-session`;
  const current = part === "session" || part === "sessions" ? 1 : 0;
  links.forEach((link, at) => {
    if (at === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  if (!isFirst) main.querySelector("h1")?.focus();
}

const skip = h(
  "a",
  {
    href: "#main",
    class: "skip",
    onclick: (event) => {
      event.preventDefault(); // the address behind the # says which part is open
      main.querySelector("h1")?.focus();
    },
  },
  "Skip to content",
);
const icon = h("img", { src: "dashboard.svg", alt: "", width: 26, height: 26 });
const header = h(
  "header",
  {},
  h("p", { class: "brand" }, icon, "live-session"),
  h("nav", { "aria-label": "Parts" }, ...links),
  state,
);
document.querySelector("#dashboard")?.replaceChildren(skip, header, main);
feed.subscribe(() => {
  setText(state, words[feed.connection]);
  state.dataset.state = feed.connection;
});
addEventListener("hashchange", () => show());
show(true);
