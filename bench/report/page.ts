// docs/benchmarks.md and its plots, made of the figures and of what people wrote about them.

import { plot } from "./plot.ts";
import { type Case, type Group, groups, isMet, type Machine, type Results, type RowResult } from "./results.ts";
import { goalText, number, times, withSpread } from "./text.ts";

const FOLDER = "docs/benchmarks";

const intro = `# Benchmarks

\`\`\`sh
npm run bench                             # every row; writes the figures, this page and its plots
npm run bench -- express-store            # one row; writes nothing
npm run bench -- express-store --save     # one row, its figures among the others
npm run bench -- --report                 # this page again, from the figures that are there
\`\`\`

This page is made of \`bench/results.json\` and of the notes in \`bench/notes/\`: a test compares it with them. What is measured is
the built package. The sides of a row take turns (A B A B), so that what the machine does meanwhile falls on all alike. A figure is
the median of the rounds, with the lowest and highest in brackets. A ratio is ours divided by the other side's in the same round,
and again the median and the spread of these. Look at ratios: absolute figures are the machine's.

A _peer_ is what a user would pick instead; a _limit_ is the least work that could do the same. Goals are those that we set ourselves
before measuring; rows where we miss them stay here.`;

/** The page and its plots, by their paths from the root. `noteOf` gives what was written about a row, or "". */
export function page({ machine, rows }: Results, noteOf: (row: string) => string): Record<string, string> {
  const files: Record<string, string> = {};
  const sections = [intro, machineText(machine), summary(rows)];
  for (const group of groups) {
    const names = Object.keys(rows)
      .filter((name) => rows[name]?.group === group)
      .sort();
    if (names.length === 0) continue;
    sections.push(`## ${group}`);
    const picture = plot(
      group,
      names.flatMap((name) => rows[name]?.cases ?? []),
    );
    if (picture) {
      const file = `${fileOf(group)}.svg`;
      files[`${FOLDER}/${file}`] = picture;
      sections.push(`![${group}: our figures beside the others](benchmarks/${file})`);
    }
    for (const name of names) sections.push(rowText(name, rows[name] as RowResult, noteOf(name)));
  }
  files[`${FOLDER}.md`] = `${sections.join("\n\n")}\n`;
  return files;
}

function fileOf(group: Group): string {
  return group.toLowerCase().replace(/\W+/g, "-");
}

function machineText({ processor, cores, memoryGb, system, node, versions }: Machine): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${cores} × ${processor}, ${memoryGb} GB, ${system}, Node ${node}, with ${list.join(", ")}.`;
}

/** Every goal, met and missed. */
function summary(rows: Results["rows"]): string {
  const lines: string[][] = [];
  for (const group of groups) {
    for (const [name, row] of Object.entries(rows)) if (row.group === group) lines.push(...goalLines(name, row));
  }
  const met = lines.filter((line) => line.at(-1) === "met").length;
  const head = ["work", "beside", "ours", "goal", ""];
  return `## Goals: ${met} of ${lines.length} met\n\n${table(head, lines)}`;
}

function goalLines(row: string, { cases }: RowResult): string[][] {
  const said = (isGoalMet: boolean) => (isGoalMet ? "met" : "**missed**");
  const link = (text: string) => `[${row}](#${row}): ${text}`;
  return cases.flatMap(({ name, unit, figures, ratios, goal }) => {
    const [ours] = figures;
    const own =
      ours && goal
        ? [[link(name), "", `${number(ours.median)} ${unit}`, goalText(goal, number), said(isMet(ours, goal))]]
        : [];
    return [
      ...own,
      ...ratios.flatMap((ratio) =>
        ratio.goal
          ? [
              [
                link(name),
                ratio.beside,
                times(ratio.median),
                goalText(ratio.goal, times),
                said(isMet(ratio, ratio.goal)),
              ],
            ]
          : [],
      ),
    ];
  });
}

function rowText(name: string, { title, about, date, load, cases }: RowResult, note: string): string {
  const day = date.slice(0, 10);
  const when = `_${title[0]?.toUpperCase()}${title.slice(1)}._ ${about} Measured on ${day}, ${load} processes at work before it.`;
  return [`### ${name}`, when, caseTable(cases), note].filter(Boolean).join("\n\n");
}

function caseTable(cases: readonly Case[]): string {
  const lines = cases.flatMap(({ name, unit, rounds, figures, ratios, goal }) =>
    figures.map((figure, index) => {
      const ratio = ratios.find(({ beside }) => beside === figure.side);
      const measured = withSpread(figure, number);
      const against = ratio?.goal ?? (index === 0 ? goal : undefined);
      const target = against ? goalText(against, ratio ? times : number) : "";
      const work = index === 0 ? `${name}, ${unit}, ${rounds === 1 ? "once" : `${rounds} rounds`}` : "";
      const side = ratio ? `${figure.side} (${ratio.kind})` : figure.side;
      return [work, side, measured, ratio ? withSpread(ratio, times) : "", target];
    }),
  );
  return table(["work", "side", "measured", "ours / theirs", "goal"], lines);
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[head, ...lines].map((line) => line[column]?.length ?? title.length)),
  );
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [row(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines.map(row)].join("\n");
}
