// One live view with everything in it that the client can do, for the browser suite.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Express } from "express";
import {
  assign,
  clearFlash,
  connectParams,
  each,
  html,
  JS,
  liveComponent,
  liveStream,
  liveView,
  maybeSubscribe,
  navigateTo,
  type PageParts,
  patchTo,
  pushEvent,
  pushNavigate,
  pushPatch,
  putFlash,
  putTitle,
  redirect,
  reply,
  stream,
  streamDelete,
  streamInsert,
  updateSession,
} from "live-session/liveview";
import type { TestSession } from "./liveview.ts";

interface State {
  count: number;
  order: string[];
  details: boolean;
  mounts: string;
  step: string;
  typed: string;
  errors: string[];
}

const songs = liveStream<{ id: number; name: string }>("songs", ({ id }) => id);
const song = (id: number, name = `song ${id}`) => ({ id, name });

const Counter = liveComponent<{ label: string }, { count: number }>({
  mount: (socket) => void assign(socket, { count: 0 }),
  handleEvent: {
    more: (_params, socket) => void assign(socket, { count: socket.assigns.count + 1 }),
  },
  render: ({ label, count }, { myself }) =>
    html`<div class="counter" id="counter-${label}">
      <button phx-click="more" phx-target="${myself}">${label}</button> <output>${count}</output>
    </div>`,
});

export const Workbench = liveView<State, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    putTitle(socket, "Workbench");
    stream(socket, songs, [song(1), song(2)]);
    const zone = String(connectParams(socket)?.zone ?? "none");
    const rest = { order: ["a", "b", "c"], details: false, mounts: zone, typed: "", errors: [] };
    assign(socket, { count: session.count ?? 0, ...rest });
  },
  handleParams: ({ step = "1" }, _url, socket) => void assign(socket, { step }),
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { count: message.session.count ?? 0 });
  },
  handleEvent: {
    more: async (_params, socket) => void (await updateSession(socket, "count", (count = 0) => count + 1)),
    reverse: (_params, socket) => void assign(socket, { order: socket.assigns.order.toReversed() }),
    extend: (_params, socket) => void assign(socket, { order: ["new", ...socket.assigns.order] }),
    details: (_params, socket) => void assign(socket, { details: !socket.assigns.details }),
    title: (_params, socket) => void putTitle(socket, "Another title"),
    flash: (_params, socket) => void putFlash(socket, "info", "It worked"),
    unflash: (_params, socket) => void clearFlash(socket),
    ping: (_params, socket) => void pushEvent(socket, "pong", { said: "hello" }),
    ask: ({ number }, _socket) => reply({ twice: number * 2 }),
    patch: (_params, socket) => void pushPatch(socket, "/?step=pushed"),
    navigate: (_params, socket) => void pushNavigate(putFlash(socket, "info", "along"), "/other"),
    redirect: (_params, socket) => void redirect(putFlash(socket, "info", "sent"), "/other?redirected"),
    fail() {
      throw new Error("on purpose");
    },
    song_first: (_params, socket) => void streamInsert(socket, songs, song(3), { at: 0 }),
    song_rename: (_params, socket) => void streamInsert(socket, songs, song(1, "renamed")),
    song_drop: (_params, socket) => void streamDelete(socket, songs, song(2)),
    song_many: (_params, socket) => void stream(socket, songs, [song(4), song(5), song(6)], { limit: -3 }),
    song_reset: (_params, socket) => void stream(socket, songs, [song(7)], { reset: true }),
    validate({ person }, socket) {
      assign(socket, { typed: person.name, errors: person.name.length < 3 ? ["too short"] : [] });
    },
    save: ({ person }, socket) => void putFlash(socket, "info", `Saved ${person.name}`),
    key: ({ key }, socket) => void assign(socket, { typed: `key ${key}` }),
  },
  render: (state, { flash, stream: rows, connected }) => html`
    <h1>Workbench</h1>
    <p id="connected">${String(connected)}</p>
    <p id="mounts">${state.mounts}</p>
    <p><button id="more" phx-click="more">more</button> <output id="count">${state.count}</output></p>
    <p><button id="reverse" phx-click="reverse">reverse</button><button id="extend" phx-click="extend">extend</button></p>
    <ul id="order">${each(
      state.order,
      (item) => item,
      (item) => html`<li id="item-${item}">${item}</li>`,
    )}</ul>
    <button id="toggle-details" phx-click="details">details</button>
    ${state.details && html`<section id="details">details ${Counter({ id: "inner", label: "inner" })}</section>`}
    ${Counter({ id: "one", label: "one" })}${Counter({ id: "two", label: "two" })}
    <button id="title" phx-click="title">title</button>
    <button id="flash" phx-click="flash">flash</button>
    ${
      flash.info &&
      html`<p id="info" role="status" phx-click="${JS.push("lv:clear-flash", { value: { key: "info" } })}">${flash.info}</p>`
    }
    <div id="hooked" phx-hook="Probe" data-count="${state.count}"><button id="ask">ask</button><output id="answer" phx-update="ignore"></output></div>
    <button id="ping" phx-click="ping">ping</button>
    <p>step <output id="step">${state.step}</output>
      <a id="patch-link" ${patchTo("/?step=linked")}>patch</a> <button id="patch" phx-click="patch">push</button>
      <a id="navigate-link" ${navigateTo("/other")}>navigate</a> <button id="navigate" phx-click="navigate">go</button>
      <button id="redirect" phx-click="redirect">redirect</button></p>
    <button id="fail" phx-click="fail">fail</button>
    <ol id="songs" phx-update="stream">${rows(songs, ({ name }, domId) => html`<li id="${domId}">${name}</li>`)}</ol>
    <p>${["first", "rename", "drop", "many", "reset"].map((what) => html`<button id="song-${what}" phx-click="song_${what}">${what}</button>`)}</p>
    <form id="person" phx-change="validate" phx-submit="save">
      <input id="name" name="person[name]" value="${state.typed}">
      ${state.errors.map((error) => html`<p class="error">${error}</p>`)}
      <button phx-disable-with="Saving">Save</button>
    </form>
    <input id="keys" name="keys" phx-keydown="key" phx-key="Enter"> <output id="typed">${state.typed}</output>
    <p>
      <button id="js-toggle" phx-click="${JS.toggle({ to: "#box" })}">toggle</button>
      <button id="js-hide" phx-click="${JS.hide({ to: "#box" })}">hide</button>
      <button id="js-show" phx-click="${JS.show({ to: "#box", transition: ["fade", "from", "to"], time: 20 })}">show</button>
      <button id="js-class" phx-click="${JS.addClass("red", { to: "#box" }).removeClass("blue", { to: "#box" })}">class</button>
      <button id="js-attribute" phx-click="${JS.toggleAttribute("aria-busy", ["true"], { to: "#box" })}">attribute</button>
      <button id="js-focus" phx-click="${JS.focus({ to: "#name" })}">focus</button>
      <button id="js-dispatch" phx-click="${JS.dispatch("probe:event", { to: "#box", detail: { x: 1 } })}">dispatch</button>
      <button id="js-push" phx-click="${JS.push("more").addClass("pushed", { to: "#box" })}">push</button>
    </p>
    <div id="box" class="blue" data-count="${state.count}">box</div>`,
});

export const Other = liveView<object>({
  mount: (_params, _session, socket) => void putTitle(socket, "Other"),
  render: (_assigns, { flash, url }) =>
    html`<h1 id="other">Other${url.search}</h1><p id="along">${flash.info}</p><a id="back" ${navigateTo("/")}>back</a>`,
});

export function workbenchLayout({ content, title, csrfToken }: PageParts) {
  return html`<!doctype html><html lang="en"><head><title>${title}</title><link rel="icon" href="data:,">
    <meta name="csrf-token" content="${csrfToken}"><script type="module" src="/workbench.js"></script></head>
    <body>${content}</body></html>`;
}

/** Serves the script: the official client as it comes from npm. */
export async function serveWorkbenchScript(app: Express): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("liveview-workbench-browser.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  const code = outputFiles[0]?.text ?? "";
  app.get("/workbench.js", (_request, response) => void response.type("js").send(code));
}
