// A live view of what the workbench and the bindings leave out: what takes the page's own time or leaves the live view.

import {
  assign,
  html,
  JS,
  type LiveSocket,
  liveComponent,
  liveStream,
  liveView,
  maybeSubscribe,
  pushEvent,
  raw,
  stream,
  streamDelete,
  streamInsert,
  updateSession,
} from "live-session/liveview";
import type { TestSession } from "./liveview.ts";

interface State {
  count: number;
  heard: string[];
  shown: boolean;
  posted: boolean;
  upper: string;
  first: number;
  last: number;
}

const PAGE = 20;
const rows = liveStream<number>("rows", (id) => id);
const range = (from: number) => Array.from({ length: PAGE }, (_, index) => from + index);

const tell = (socket: LiveSocket<State, TestSession>, text: string) =>
  assign(socket, { heard: [...socket.assigns.heard, text] });

const fade = (time: number) => JS.hide({ transition: ["fading", "begin", "end"], time });

const Target = liveComponent<object, { told: string }>({
  mount: (socket) => void assign(socket, { told: "nothing" }),
  handleEvent: { tell: ({ text }, socket) => void assign(socket, { told: text }) },
  render: ({ told }, { myself }) =>
    html`<div id="target"><output id="told">${told}</output>
      <button id="by-js" phx-click="${JS.push("tell", { target: myself, value: { text: "by JS" } })}">tell</button></div>`,
});

export const Edges = liveView<State, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    stream(socket, rows, range(3 * PAGE));
    const rest = { heard: [], shown: true, posted: false, upper: "", first: 3 * PAGE, last: 4 * PAGE };
    assign(socket, { count: session.count ?? 0, ...rest });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { count: message.session.count ?? 0 });
  },
  handleEvent: {
    more: async (_params, socket) => void (await updateSession(socket, "count", (count = 0) => count + 1)),
    toggle: (_params, socket) => void assign(socket, { shown: !socket.assigns.shown }),
    drop: (_params, socket) => void streamDelete(socket, rows, socket.assigns.first),
    check: ({ name }, socket) => void assign(socket, { posted: name === "Ada" }),
    upper: ({ text }, socket) => void assign(socket, { upper: text.toUpperCase() }),
    changed: ({ _target, ...params }, socket) => void tell(socket, Object.keys(params).sort().join(" ")),
    run: (_params, socket) =>
      void pushEvent(socket, "run", { commands: JS.addClass("by-server", { to: "#box" }).toString() }),
    earlier({ id, _overran = false }, socket) {
      const first = socket.assigns.first - PAGE;
      tell(socket, `earlier than ${id}${_overran ? ", overrun" : ""}`);
      if (_overran || first < 0) return;
      stream(socket, rows, range(first).reverse(), { at: 0, limit: 3 * PAGE });
      assign(socket, { first, last: Math.min(socket.assigns.last, first + 3 * PAGE) });
    },
    later(_params, socket) {
      const { first, last } = socket.assigns;
      for (const id of range(last)) streamInsert(socket, rows, id, { limit: -3 * PAGE });
      assign(socket, { first: Math.max(first, last - 2 * PAGE), last: last + PAGE });
    },
    place: (_params, socket) => void streamInsert(socket, rows, 1_000, { at: 1 }),
    touch: (_params, socket) => void streamInsert(socket, rows, 2_000, { updateOnly: true }),
    fail() {
      throw new Error("on purpose");
    },
  },
  render: (state, { stream: rowsOf, csrfToken }) => html`
    <output id="count">${state.count}</output> <ol id="heard">${state.heard.map((line) => html`<li>${line}</li>`)}</ol>
    <button id="more" phx-click="more">more</button> <button id="fail" phx-click="fail">fail</button>
    <button id="toggle" phx-click="toggle">toggle</button> <button id="drop" phx-click="drop">drop</button>
    ${state.shown && html`<p id="leaving" phx-remove="${fade(150)}">leaving</p>`}
    ${state.shown && html`<p id="hooked" phx-hook="Life" data-count="${state.count}">hooked</p>`}

    <button id="hold" phx-click="${JS.push("more").dispatch("probe:hold", { blocking: true })}">hold</button>
    <button id="run" phx-click="run">run</button>
    <button id="js-fade" phx-click="${JS.toggle({ to: "#box", in: ["coming", "a", "b"], out: ["going", "a", "b"], time: 80 })}">fade</button>
    <button id="js-flex" phx-click="${JS.show({ to: "#flexible", display: "flex" })}">flex</button>
    <div id="box">box</div> <div id="flexible" hidden style="display: none">flexible</div>
    ${Target({ id: "target" })} <button id="by-hook" phx-hook="Teller">tell</button>

    <form id="login" method="post" action="/login" phx-submit="check" ${state.posted && raw("phx-trigger-action")}>
      <input type="hidden" name="_csrf_token" value="${csrfToken}"><input id="name" name="name"><button id="enter">enter</button>
    </form>
    <form id="shout" phx-change="upper"><input id="plain" name="text" value="${state.upper}"></form>
    <form id="shout-too" phx-change="upper"><input id="patched" name="text" value="${state.upper}" phx-patch-focused></form>
    <form id="two" phx-change="changed"><input id="one" name="one"><input name="two"></form>
    <form id="all" phx-change="changed" phx-no-unused-field><input id="three" name="three"><input name="four"></form>
    <form id="lost" phx-change="changed" phx-auto-recover="ignore"><input id="forgotten" name="forgotten"></form>

    <button id="place" phx-click="place">place</button> <button id="touch" phx-click="touch">touch</button>
    <div id="frame" style="height: 200px; overflow-y: scroll">
      <ul id="rows" phx-update="stream" phx-viewport-top="earlier" phx-viewport-bottom="later" phx-viewport-overrun-target="rows"
        style="margin: 0">
        ${rowsOf(rows, (id, domId) => html`<li id="${domId}" style="height: 40px" phx-remove="${fade(60)}">row ${id}</li>`)}
      </ul>
    </div>`,
});
