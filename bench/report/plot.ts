// A group of rows as a picture: how many times better we are than each other side, or than our own goal.

import { type CustomSeriesOption, type EChartsOption, init } from "echarts";
import { type Case, type Goal, isMet, type Spread } from "./results.ts";
import { goalText, number, times } from "./text.ts";

/** Right is better, whatever the unit; 1 is the same. */
interface Line extends Spread {
  readonly label: string;
  readonly text: string;
  /** Where it should be, or further right. */
  readonly goal: number | null;
  readonly color: string;
}

/** Pages show it smaller: narrow and with large letters it can still be read. */
const WIDTH = 900;
const ROW = 38;
const FONT = 13;
const GROUND = "#ffffff";
const INK = "#1f2430";
const GRID = "#e2e8f0";
const colors = { met: "#1a7f4b", missed: "#c2410c", none: "#64748b" };

/** What each colour is on dark pages. */
const dark: readonly (readonly [string, string])[] = [
  [GROUND, "#0d1117"],
  [INK, "#e6edf3"],
  [GRID, "#2b323b"],
  [colors.met, "#56d68f"],
  [colors.missed, "#ff9a62"],
  [colors.none, "#a3b1c2"],
];

/** The picture as SVG text, in the colours of the page that shows it. */
export function plot(title: string, cases: readonly Case[]): string | null {
  const lines = cases.flatMap(linesOf).reverse();
  if (lines.length === 0) return null;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: 110 + lines.length * ROW });
  chart.setOption(options(title, lines));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${withDark(withoutHover(svg)).trim()}\n`;
}

function withDark(svg: string): string {
  const rules = dark.flatMap(([from, to]) => ["fill", "stroke"].map((name) => `[${name}="${from}"]{${name}:${to}}`));
  return svg.replace(
    /^<svg[^>]*>/,
    (tag) => `${tag}\n<style>@media (prefers-color-scheme:dark){${rules.join("")}}</style>`,
  );
}

/** Styles for the mouse, in names that count on from one picture to the next. */
function withoutHover(svg: string): string {
  return svg.replace(/<style[\s\S]*<\/style>/, "").replace(/ class="[^"]*"/g, "");
}

function linesOf({ name, better, figures, ratios, goal }: Case): Line[] {
  const [ours] = figures;
  const own = ours && goal ? [ownLine(name, better, ours, goal)] : [];
  return [
    ...own,
    ...ratios.map((ratio) => ({
      label: `${name}\nbeside ${ratio.beside}`,
      text: `${times(ratio.median)}${ratio.goal ? `  (${goalText(ratio.goal, times)})` : ""}`,
      ...advantage(ratio, better),
      goal: ratio.goal ? asAdvantage(target(ratio.goal), better) : null,
      color: colorOf(ratio, ratio.goal),
    })),
  ];
}

/** Our own figure as a part of its goal. */
function ownLine(name: string, better: Case["better"], ours: Spread, goal: Goal): Line {
  const part = (value: number) => value / target(goal);
  const { median, low, high } = ours;
  return {
    label: `${name}\nbeside the goal`,
    text: `${number(median)}  (${goalText(goal, number)})`,
    ...advantage({ median: part(median), low: part(low), high: part(high) }, better),
    goal: 1,
    color: colorOf(ours, goal),
  };
}

function target({ atLeast, atMost }: Goal): number {
  return atLeast ?? atMost ?? Number.NaN;
}

/** What is nothing or less than nothing has no place on a logarithmic scale: it is shown as a thousandth. */
function asAdvantage(value: number, better: Case["better"]): number {
  const positive = Math.max(value, 0.001);
  return better === "more" ? positive : 1 / positive;
}

function advantage(spread: Spread, better: Case["better"]): Spread {
  const [one, other] = [asAdvantage(spread.low, better), asAdvantage(spread.high, better)];
  return { median: asAdvantage(spread.median, better), low: Math.min(one, other), high: Math.max(one, other) };
}

function colorOf(spread: Spread, goal: Goal | undefined): string {
  if (!goal) return colors.none;
  return isMet(spread, goal) ? colors.met : colors.missed;
}

function options(title: string, lines: readonly Line[]): EChartsOption {
  const all = lines.flatMap(({ low, high, goal }) => [low, high, goal ?? 1, 1]);
  const category = { type: "category", axisTick: { show: false }, axisLine: { show: false } } as const;
  return {
    animation: false,
    backgroundColor: GROUND,
    title: {
      text: title,
      subtext: "how many times better we are (right is better); bar: goal; line: lowest to highest of the rounds",
      left: 16,
      top: 10,
      textStyle: { color: INK, fontSize: 18, fontFamily: "sans-serif" },
      subtextStyle: { color: INK, fontSize: FONT, fontFamily: "sans-serif" },
    },
    grid: { left: 390, right: 160, top: 70, bottom: 34 },
    xAxis: {
      type: "log",
      min: Math.min(...all) / 1.3,
      max: Math.max(...all) * 1.3,
      axisLabel: {
        color: INK,
        fontSize: FONT,
        hideOverlap: true,
        formatter: (value: number) => `${Number(value.toPrecision(2))}×`,
      },
      splitLine: { lineStyle: { color: GRID } },
    },
    yAxis: [
      {
        ...category,
        data: lines.map(({ label }) => label),
        axisLabel: { color: INK, fontSize: FONT, lineHeight: 16, width: 375, overflow: "truncate" },
      },
      {
        ...category,
        data: lines.map(({ text }) => text),
        axisLabel: { fontSize: FONT, color: (_text, index) => lines[index ?? 0]?.color ?? INK },
      },
    ],
    series: [
      {
        type: "custom",
        data: lines.map(({ median }, index) => [median, index]),
        renderItem: (_parameters, api) => drawn(lines[Number(api.value(1))] as Line, Number(api.value(1)), api),
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          data: [{ xAxis: 1 }],
          lineStyle: { color: INK, type: "solid", width: 1 },
        },
      },
    ],
  };
}

type Api = Parameters<NonNullable<CustomSeriesOption["renderItem"]>>[1];

function drawn({ median, low, high, goal, color }: Line, index: number, api: Api) {
  const at = (value: number) => api.coord([value, index]) as [number, number];
  const [x, y] = at(median);
  const range = { x1: at(low)[0], y1: y, x2: at(high)[0], y2: y };
  const children = [
    { type: "line" as const, shape: range, style: { stroke: color, lineWidth: 2, opacity: 0.5 } },
    { type: "circle" as const, shape: { cx: x, cy: y, r: 5 }, style: { fill: color } },
  ];
  const mark = goal === null ? [] : [goalMark(at(goal)[0], y)];
  return { type: "group" as const, children: [...mark, ...children] };
}

function goalMark(x: number, y: number) {
  const style = { stroke: INK, lineWidth: 3 };
  return { type: "line" as const, shape: { x1: x, y1: y - 8, x2: x, y2: y + 8 }, style };
}
