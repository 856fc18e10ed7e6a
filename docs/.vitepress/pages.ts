// Where each page stands in the site. A test says that none is left out.

import type { DefaultTheme } from "vitepress";

type Pages = Record<string, string>;

const start: Pages = {
  "getting-started": "Five-minute start",
  concepts: "Concepts",
  compare: "How it compares",
  "moving-from-other-stores": "Moving from other stores",
};

const know: Pages = {
  guarantees: "The guarantees",
  "live-sessions": "Live sessions",
  "sessions-life": "A session's whole life",
  security: "Security",
  limits: "Limits against abuse",
  errors: "Errors, by code",
  cli: "The command line",
};

const guarantees: Pages = {
  "guarantees/no-lost-update": "No lost update",
  "guarantees/an-end-is-final": "An end is final",
  "guarantees/subscribers-converge": "Subscribers converge",
  "guarantees/expired-is-unreadable": "Expired is unreadable at once",
  "guarantees/lifetime-and-deadline": "Activity pushes the lifetime; nothing pushes the deadline",
  "guarantees/bad-input": "Bad input changes nothing",
  "guarantees/failure-is-visible": "Failure is visible",
  "guarantees/kept-over-a-crash": "What is stored stays stored",
  "guarantees/ids-are-secrets": "Ids are secrets",
  "guarantees/bounded": "Nobody gets more than a share",
  "guarantees/sessions-in-the-cookie": "Sessions in the cookie",
  "guarantees/whose-session": "Whose session it is",
  "guarantees/live-views": "Live views show their session",
  "guarantees/live-connections": "Live connections",
};

const recipes: Pages = {
  "recipes/cart": "A cart",
  "recipes/notifications": "Notifications",
  "recipes/who-has-this-open": "Who has this open",
  "recipes/step-up": "Step-up login",
  "recipes/kick-a-user": "Kick a user",
  "recipes/from-connect-redis": "From connect-redis",
  "recipes/from-iron-session": "From iron-session",
  "recipes/from-cookie-session": "From cookie-session",
};

const requests: Pages = {
  "adapters/express": "Express",
  "adapters/fastify": "Fastify",
  "adapters/koa": "Koa",
  "adapters/hono": "Hono",
  "adapters/fetch": "Request and Response",
  "adapters/cookie": "Sessions in the cookie",
  "adapters/frameworks": "Next.js, React Router, SvelteKit, h3",
};

const live: Pages = {
  "adapters/ws": "WebSockets",
  "adapters/socket.io": "Socket.IO",
  "adapters/sse": "Event streams, htmx, Turbo",
  client: "Browser client",
  "adapters/react": "React, Vue, Svelte, Solid",
  liveview: "LiveViews",
};

const engines: Pages = {
  "drivers/": "Which engine",
  "drivers/memory": "Memory",
  "drivers/sqlite": "SQLite",
  "drivers/redis": "Redis",
  "drivers/postgres": "PostgreSQL",
  "drivers/nats": "NATS",
  encryption: "Encryption at rest",
  "drivers/writing-a-driver": "Writing a driver",
};

const production: Pages = { dashboard: "The dashboard", metrics: "Metrics and traces", benchmarks: "Benchmarks" };

const decisions: Pages = {
  "decisions/0001-an-end-is-remembered": "1. An end is remembered",
  "decisions/0002-relative-times-in-the-contract": "2. Relative times in the contract",
  "decisions/0003-facts-of-adapters-are-not-data": "3. Facts of adapters are not data",
  "decisions/0004-strict-json-from-live-code-lenient-from-requests": "4. Strict JSON from live code",
  "decisions/0005-refusals-after-the-handshake": "5. Refusals after the handshake",
  "decisions/0006-a-call-runs-at-most-once": "6. A call runs at most once",
  "decisions/0007-a-live-view-that-fails-is-joined-anew": "7. A live view that fails",
};

const items = (pages: Pages) => Object.entries(pages).map(([path, text]) => ({ text, link: `/${path}` }));

export const nav: DefaultTheme.NavItem[] = [
  { text: "Start", link: "/getting-started" },
  { text: "Concepts", link: "/concepts" },
  { text: "Guarantees", link: "/guarantees" },
  { text: "Errors", link: "/errors" },
  { text: "API", link: "/api/modules" },
];

/** @param modules names of the files in docs/api, one for each subpath of the package */
export function sidebar(modules: readonly string[]): DefaultTheme.SidebarItem[] {
  const names = modules.map((name) => name.replace(/\.md$/, "")).filter((name) => name !== "modules");
  const subpaths = names.map((name) => ({
    text: name === "index" ? "live-session" : `live-session/${name}`,
    link: `/api/${name}`,
  }));
  return [
    { text: "Start", items: items(start) },
    { text: "Know", items: items(know) },
    { text: "Guarantees", items: items(guarantees) },
    { text: "Recipes", items: items(recipes) },
    { text: "Requests", items: items(requests) },
    { text: "Live", items: items(live) },
    { text: "Where sessions are kept", items: items(engines) },
    { text: "In production", items: items(production) },
    {
      text: "API",
      items: [{ text: "All subpaths", link: "/api/modules" }, ...subpaths],
    },
    {
      text: "How it is built",
      items: [{ text: "Architecture", link: "/architecture" }, ...items(decisions)],
    },
  ];
}
