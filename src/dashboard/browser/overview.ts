// What goes on now: figures, charts, nodes.

import { type Figures, type Frame, type LatencyName, latencyBounds, type Opening, type RateName } from "../wire.ts";
import { barPanel, linePanel, type Series } from "./charts.ts";
import { type Column, h, setText, table, tableRow, type View } from "./dom.ts";
import type { Feed } from "./feed.ts";
import { chosen, connectionsOf, latencyOf, rateOf, sum, within } from "./figures.ts";
import { count, rate } from "./format.ts";

type Read = (figures: readonly Figures[]) => number;
type Line = Series & { readonly read: Read };

const ofRate =
  (name: RateName): Read =>
  (figures) =>
    rateOf(figures, name);

const panels: readonly { readonly title: string; readonly unit: string; readonly lines: readonly Line[] }[] = [
  {
    title: "Attached",
    unit: "now",
    lines: [
      { label: "Connections", color: "teal", read: (figures) => sum(figures, connectionsOf) },
      { label: "Sessions", color: "blue", read: (figures) => sum(figures, ({ sessions }) => sessions) },
      { label: "Stale", color: "red", read: (figures) => sum(figures, ({ stale }) => stale) },
    ],
  },
  {
    title: "Store",
    unit: "a second",
    lines: [
      { label: "Commits", color: "blue", read: ofRate("commits") },
      { label: "Reads", color: "violet", read: ofRate("reads") },
    ],
  },
  {
    title: "Messages",
    unit: "a second",
    lines: [
      { label: "Over the bus", color: "violet", read: ofRate("received") },
      { label: "Delivered", color: "teal", read: ofRate("delivered") },
    ],
  },
  { title: "Ends", unit: "a second", lines: [{ label: "Sessions ended", color: "amber", read: ofRate("ends") }] },
  {
    title: "Contention",
    unit: "a second",
    lines: [
      { label: "Conflicts", color: "amber", read: ofRate("conflicts") },
      { label: "Resyncs", color: "violet", read: ofRate("resyncs") },
    ],
  },
  { title: "Errors", unit: "a second", lines: [{ label: "Errors", color: "red", read: ofRate("errors") }] },
];

const latencies: readonly { readonly title: string; readonly name: LatencyName; readonly color: string }[] = [
  { title: "Commit latency", name: "commit", color: "blue" },
  { title: "Read latency", name: "read", color: "violet" },
  { title: "Delivery latency", name: "delivery", color: "teal" },
];

const bounds = [...latencyBounds.map(String), `>${latencyBounds.at(-1)}`];

const columns: readonly Column[] = [
  { name: "Node" },
  { name: "Connections" },
  ...["Sessions", "Commits/s", "Reads/s", "Delivered/s", "Errors/s"].map((name) => ({ name, isNumber: true })),
];

/** One that is attached on two nodes is counted by both. */
const ATTACHED = "Attached sessions";

export function overview(feed: Feed): View {
  const tiles = ["Sessions in the store", ATTACHED, "Connections", "Nodes", "Commits a second", "Errors a second"];
  const figures = tiles.map(() => h("dd", {}, "–"));
  const titles = tiles.map((title) => h("dt", {}, title));
  const list = titles.map((title, at) => h("div", { class: "tile" }, title, figures[at] as HTMLElement));
  const select = h("select", { id: "node", onchange: () => draw() }, h("option", { value: "" }, "All nodes"));
  const note = h("p", { class: "note" });
  const lines = panels.map((panel) => ({ ...panel, drawn: linePanel(panel.title, panel.unit, panel.lines) }));
  const bars = latencies.map((each) => ({
    ...each,
    drawn: barPanel(each.title, bounds, { label: each.title, color: each.color }),
  }));
  const rows = h("tbody");
  const element = h(
    "div",
    {},
    h(
      "div",
      { class: "bar" },
      h("h1", { tabindex: -1 }, "Overview"),
      h("label", { for: "node", class: "pick" }, "Show ", select),
    ),
    note,
    h("dl", { class: "tiles" }, ...list),
    h("h2", { class: "hidden" }, "Over the last minutes"),
    h("div", { class: "panels" }, ...lines.map(({ drawn }) => drawn.element)),
    h("h2", {}, "How long it took ", h("small", {}, "milliseconds, operations of the last minute")),
    h("div", { class: "panels" }, ...bars.map(({ drawn }) => drawn.element)),
    h("section", { class: "panel" }, h("h2", {}, "Nodes"), table("Nodes", columns, rows)),
  );

  function draw(): void {
    const { frames, opening } = feed;
    const last = frames.at(-1);
    if (opening) setText(note, noteOf(opening, last));
    if (!last) return;
    offer(last.nodes.map(({ node }) => node));
    const node = select.value || null;
    const now = chosen(last, node);
    const values = [
      last.stored === null ? "–" : count(last.stored),
      count(sum(now, ({ sessions }) => sessions)),
      count(sum(now, connectionsOf)),
      count(last.nodes.length),
      rate(rateOf(now, "commits")),
      rate(rateOf(now, "errors")),
    ];
    setText(titles[1] as HTMLElement, now.length > 1 ? "Attached by node" : ATTACHED);
    for (const [at, value] of values.entries()) setText(figures[at] as HTMLElement, value);
    const times = frames.map(({ at }) => at / 1000);
    const each = frames.map((frame) => chosen(frame, node));
    for (const { drawn, lines: read } of lines)
      drawn.draw(
        times,
        read.map((line) => each.map(line.read)),
      );
    for (const { drawn, name } of bars) {
      const counts = latencyOf(now, name);
      drawn.draw(counts, [within(counts, 0.5), within(counts, 0.95)]);
    }
    rows.replaceChildren(...last.nodes.map(nodeRow));
  }

  /** Nodes come and go; the one that is looked at stays. */
  function offer(nodes: readonly string[]): void {
    const wanted = ["", ...new Set([...nodes, ...(select.value ? [select.value] : [])])];
    const there = Array.from(select.options, ({ value }) => value);
    if (wanted.join("\n") === there.join("\n")) return;
    const { value } = select;
    select.replaceChildren(...wanted.map((name) => h("option", { value: name }, name || "All nodes")));
    select.value = value;
  }

  const stop = feed.subscribe(draw);
  return {
    title: "Overview",
    element,
    close() {
      stop();
      for (const { drawn } of [...lines, ...bars]) drawn.close();
    },
  };
}

function noteOf({ node, shared }: Opening, last: Frame | undefined): string {
  if (node === null) {
    return last?.nodes.length === 0
      ? "No node of the app is heard: those tell their figures that have made a dashboard with the bus."
      : "The app's nodes tell their figures over the bus.";
  }
  return shared
    ? `Served by ${node}; the other nodes tell their figures over the bus.`
    : `The figures of this node alone: ${node}.`;
}

function nodeRow({ node, sessions, connections, rates }: Figures): HTMLElement {
  const open = Object.entries(connections).sort(([one], [two]) => (one < two ? -1 : 1));
  const by = open.map(([transport, each]) => `${transport} ${count(each)}`).join(", ");
  const figures = [rates.commits, rates.reads, rates.delivered, rates.errors].map(rate);
  return tableRow(columns, node, by || "none", count(sessions), ...figures);
}
