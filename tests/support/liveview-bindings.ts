// A live view that notes which of its bindings were heard, and one of every JS command that the workbench lacks.

import {
  assign,
  html,
  JS,
  liveComponent,
  liveStream,
  liveView,
  navigateTo,
  type Params,
  sendUpdate,
  stream,
  streamInsert,
} from "live-session/liveview";

interface State {
  heard: string[];
  note: string;
  step: string;
  away: number;
  portal: boolean;
  pages: number;
}

const names = [
  "focus blur keydown keyup window_focus window_blur window_keydown window_keyup",
  "throttled debounced typed recover here in_portal mounted told",
].flatMap((words) => words.split(" "));

const rows = liveStream<number>("rows", (id) => id);
const page = (number: number) => Array.from({ length: 20 }, (_, index) => number * 20 + index);

const Label = liveComponent<{ label: string }, { changes: number }>({
  mount: (socket) => void assign(socket, { changes: 0 }),
  update(props, socket) {
    assign(socket, { ...props, changes: socket.assigns.changes + 1 });
  },
  render: ({ label, changes }) => html`<p id="label">${label} ${changes}</p>`,
});

type Said = Params & { key?: string; value?: string; text?: string };

export const Bindings = liveView<State>({
  mount(_params, _session, socket) {
    stream(socket, rows, page(0));
    assign(socket, { heard: [], note: "", away: 0, portal: true, pages: 1 });
  },
  handleParams: ({ step = "none" }, _url, socket) => void assign(socket, { step }),
  handleEvent: {
    ...Object.fromEntries(
      names.map((name) => [
        name,
        ({ key, value, text }: Said, socket: Parameters<typeof assign<State, never, never>>[0]) => {
          const heard = [name, key ?? text ?? value].filter(Boolean).join(" ");
          assign(socket, { heard: [...socket.assigns.heard, heard], note: text ?? socket.assigns.note });
        },
      ]),
    ),
    forget: (_params, socket) => void assign(socket, { heard: [] }),
    away: (_params, socket) => void assign(socket, { away: socket.assigns.away + 1 }),
    relabel: (_params, socket) => sendUpdate(socket, Label, { id: "one", label: "from the view" }),
    portal: (_params, socket) => void assign(socket, { portal: !socket.assigns.portal }),
    next_page(_params, socket) {
      const { pages } = socket.assigns;
      for (const row of page(pages)) streamInsert(socket, rows, row);
      assign(socket, { pages: pages + 1 });
    },
    fail() {
      throw new Error("on purpose");
    },
  },
  render: (state, { stream: rowsOf }) => html`
    <ol id="heard">${state.heard.map((line) => html`<li>${line}</li>`)}</ol>
    <output id="count">${state.heard.length}</output> <output id="away">${state.away}</output> <output id="step">${state.step}</output>
    <button id="here" phx-click="here">here</button> <button id="forget" phx-click="forget">forget</button>
    <input id="field" phx-focus="focus" phx-blur="blur">
    <input id="keys" phx-keydown="keydown" phx-keyup="keyup">
    <div phx-window-focus="window_focus" phx-window-blur="window_blur"></div>
    <div phx-window-keydown="window_keydown" phx-key="Escape"></div>
    <div phx-window-keyup="window_keyup" phx-key="Escape"></div>
    <div id="menu" phx-click-away="away"><button id="inside">inside</button></div>
    <button id="throttled" phx-click="throttled" phx-throttle="600000">throttled</button>
    <form id="slow" phx-change="debounced"><input id="late" name="text" phx-debounce="600000"></form>
    <form id="soon" phx-change="typed"><input id="early" name="text" phx-debounce="20"></form>
    <form id="kept" phx-change="typed" phx-auto-recover="recover"><input id="note" name="text" value="${state.note}"></form>
    <button id="fail" phx-click="fail">fail</button>
    <button id="relabel" phx-click="relabel">relabel</button> ${Label({ id: "one", label: "first" })}
    <p id="added" phx-mounted="${JS.push("mounted")}">mounted</p>

    <div id="box" class="one" data-close="${JS.hide().push("told")}" data-heard="${state.heard.length}">
      <span class="inner">inner</span>
      <button id="closest" phx-click="${JS.addClass("closest", { to: { closest: "#box" } })}">closest</button>
    </div>
    <div id="frame" phx-click="${JS.addClass("found", { to: { inner: ".inner" } })}"><i class="inner">in the frame</i></div>
    <button id="js-exec" phx-click="${JS.exec("data-close", { to: "#box" })}">exec</button>
    <button id="js-toggle-class" phx-click="${JS.toggleClass("one two", { to: "#box" })}">toggle class</button>
    <button id="js-set" phx-click="${JS.setAttribute("title", "set", { to: "#box" })}">set</button>
    <button id="js-remove" phx-click="${JS.removeAttribute("title", { to: "#box" })}">remove</button>
    <button id="js-switch" phx-click="${JS.toggleAttribute("dir", ["ltr", "rtl"], { to: "#box" })}">switch</button>
    <button id="js-transition" phx-click="${JS.transition(["during", "from", "to"], { to: "#box", time: 60, blocking: false })}">transition</button>
    <details id="open" phx-mounted="${JS.ignoreAttributes(["open"])}"><summary>details</summary>${state.heard.length}</details>
    <button id="js-first" phx-click="${JS.pushFocus().focusFirst({ to: "#dialog" })}">focus first</button>
    <div id="dialog"><p>text</p><button id="close" phx-click="${JS.popFocus()}">close</button></div>
    <button id="js-patch" phx-click="${JS.patch("/bindings?step=patched")}">patch</button>
    <button id="js-replace" phx-click="${JS.patch("/bindings?step=replaced", { replace: true })}">replace</button>
    <button id="js-navigate" phx-click="${JS.navigate("/other")}">navigate</button>
    <button id="js-dispatch" phx-click="${JS.dispatch("probe:event", { to: "#dialog", detail: { x: "both" } }).concat(JS.push("told"))}">both</button>
    <button id="js-push" phx-click="${JS.push("told", { value: { text: "value" }, loading: "#box", pageLoading: true })}">push</button>
    <a id="back" ${navigateTo("/bindings")}>anew</a>

    <button id="toggle-portal" phx-click="portal">portal</button>
    ${
      state.portal &&
      html`<template id="portal" data-phx-portal="body"><div id="carried">
        <output>${state.heard.length}</output> <button id="in-portal" phx-click="in_portal">in the portal</button>
      </div></template>`
    }
    <ul id="rows" phx-update="stream" phx-viewport-bottom="next_page" style="height: 200px; overflow-y: scroll">
      ${rowsOf(rows, (id, domId) => html`<li id="${domId}" style="height: 40px">row ${id}</li>`)}
    </ul>`,
});
