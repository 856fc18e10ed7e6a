// Charts by uPlot, in the page's colours.

import uPlot from "uplot";
import { h, setText } from "./dom.ts";
import { WINDOW_SECONDS } from "./feed.ts";
import { rate, tick, timeOfDay } from "./format.ts";

export interface Series {
  readonly label: string;
  /** The name of a colour in the style sheet. */
  readonly color: string;
}

export interface Panel {
  readonly element: HTMLElement;
  /** @param times in seconds; @param values for each series, of the same length */
  draw(times: readonly number[], values: readonly (readonly number[])[]): void;
  close(): void;
}

const HEIGHT = 148;

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const font = "11px system-ui, sans-serif";

function axis(more: Partial<uPlot.Axis>): uPlot.Axis {
  return {
    stroke: () => color("soft"),
    grid: { stroke: () => color("grid"), width: 1 },
    ticks: { show: false },
    font,
    ...more,
  };
}

/** Rates over the last minutes, with the latest beside each name. */
export function linePanel(title: string, unit: string, series: readonly Series[]): Panel {
  const { element, plot, legend } = frame(title, unit, series);
  const chart = new uPlot(
    {
      width: 320,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      padding: [10, 26, 0, 0],
      scales: {
        x: { time: true, range: (_plot, least, most) => [clamp(least, most), most] },
        y: { range: (_plot, _least, most) => [0, Math.max(most * 1.15, 1)] },
      },
      axes: [
        axis({ values: times, space: 64, size: 24 }),
        axis({ size: 42, space: 28, values: (_plot, splits) => splits.map((each) => tick(each)) }),
      ],
      series: [
        {},
        ...series.map((each) => ({
          label: each.label,
          stroke: () => color(each.color),
          fill: () => `${color(each.color)}1c`,
          width: 1.75,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(drawn) => tell(drawn.cursor.idx ?? null)] },
    },
    [[], ...series.map(() => [])],
    plot,
  );
  const tell = (at: number | null) => {
    legend.forEach((figure, index) => {
      const values = chart.data[index + 1] ?? [];
      setText(figure, rate(values[at ?? values.length - 1] ?? 0));
    });
  };
  return {
    element,
    draw(times, values) {
      chart.setData([[...times], ...values.map((each) => [...each])]);
      tell(chart.cursor.idx ?? null);
    },
    close: follow(chart, plot),
  };
}

/** To the second while there is little to show, else to the minute. */
function times(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((each) => timeOfDay(each * 1000).slice(0, step < 60 ? 8 : 5));
}

/** Where the charts begin: with what is known, but never with less than a minute or more than is kept. */
function clamp(least: number, most: number): number {
  return Math.min(Math.max(least, most - WINDOW_SECONDS), most - 60);
}

/** How many operations were in each bucket. */
export function barPanel(title: string, bounds: readonly string[], series: Series): BarPanel {
  const { element, plot, legend, picture } = frame(title, "last minute", [
    { ...series, label: "half within" },
    { ...series, label: "95% within" },
  ]);
  const chart = new uPlot(
    {
      width: 320,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [10, 26, 0, 0],
      scales: {
        x: { time: false, range: () => [-0.6, bounds.length - 0.4] },
        y: { range: (_plot, _least, most) => [0, Math.max(most * 1.15, 1)] },
      },
      axes: [
        axis({
          grid: { show: false },
          size: 24,
          splits: () => ticksOf(bounds),
          values: (_plot, at) => at.map((each) => bounds[each] ?? ""),
        }),
        axis({
          size: 42,
          space: 28,
          values: (_plot, splits) => splits.map((each) => (each % 1 === 0 ? tick(each) : "")),
        }),
      ],
      series: [
        {},
        {
          fill: () => `${color(series.color)}b0`,
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars?.({ size: [0.8, 48], radius: 0.15 }),
        },
      ],
    },
    [[], []],
    plot,
  );
  return {
    element,
    draw(counts, within) {
      chart.setData([counts.map((_count, at) => at), [...counts]]);
      setText(legend[0] as HTMLElement, within[0]);
      setText(legend[1] as HTMLElement, within[1]);
      picture.setAttribute("aria-label", `${title}: half within ${within[0]}, 95% within ${within[1]}`);
    },
    close: follow(chart, plot),
  };
}

export interface BarPanel {
  readonly element: HTMLElement;
  /** @param within what half of them, and 95 of 100, took at most */
  draw(counts: readonly number[], within: readonly [string, string]): void;
  close(): void;
}

/** Every third bucket has its bound written below. */
function ticksOf(bounds: readonly string[]): number[] {
  return bounds.map((_bound, at) => at).filter((at) => at % 3 === 1);
}

function frame(title: string, unit: string, series: readonly Series[]) {
  const plot = h("div", { class: "plot" });
  const picture = h("div", { role: "img", "aria-label": `${title}, over the last minutes` }, plot);
  const legend = series.map(() => h("output", { class: "figure" }, "0"));
  const entries = series.map(({ label, color: name }, at) =>
    h("li", {}, h("span", { class: `swatch ${name}` }), `${label} `, legend[at] as HTMLElement),
  );
  const heading = h("h3", {}, `${title} `, h("small", {}, unit));
  const element = h("section", { class: "panel" }, heading, h("ul", { class: "legend" }, ...entries), picture);
  return { element, plot, legend, picture };
}

/** Keeps a chart as wide as its place, and in the colours of the hour. Returns the function that ends it. */
function follow(chart: uPlot, place: HTMLElement): () => void {
  const observer = new ResizeObserver(() => {
    if (place.clientWidth > 0) chart.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  observer.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => chart.redraw(false);
  dark.addEventListener("change", redraw);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", redraw);
    chart.destroy();
  };
}
