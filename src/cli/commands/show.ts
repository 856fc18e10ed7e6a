// `live-session show`

import { shapesOf, shapeText, summaryOf } from "../describe.ts";
import { type ExitCode, exitCodes } from "../failures.ts";
import { findSession } from "../find.ts";
import { DEFAULT_RETENTION } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { type StoreOptions, withEngine } from "../stores/open.ts";
import { bytes, plain, table } from "../text.ts";

export interface ShowOptions extends StoreOptions {
  readonly reveal?: boolean;
  readonly json?: boolean;
}

export function show(given: string, options: ShowOptions): Promise<ExitCode> {
  return withEngine(options, async (engine) => {
    const { store } = await engine.sessions({ retention: DEFAULT_RETENTION });
    const found = await findSession(store, given);
    const summary = summaryOf(found);
    const { data, meta } = found.record;
    const shown = options.reveal ? { data, about: meta?.about ?? null } : { shapes: shapesOf(data) };
    outputOf(options).result({ ...summary, ...shown }, () => {
      const time = (ms: number | null) => (ms === null ? "never" : new Date(ms).toISOString());
      const facts = [
        `key        ${summary.key}`,
        `principal  ${plain(summary.principal ?? "nobody")}`,
        `created    ${time(summary.createdAt)}`,
        `last seen  ${time(summary.lastSeenAt)}`,
        `expires    ${time(summary.expiresAt)}`,
        `deadline   ${time(summary.deadline)}`,
        `version    ${summary.version}`,
        `size       ${bytes(summary.bytes)}`,
      ];
      if (options.reveal) facts.push(`about      ${plain(JSON.stringify(meta?.about ?? {}))}`);
      const rows = options.reveal
        ? Object.entries(data).map(([name, value]) => [name, JSON.stringify(value)])
        : Object.entries(shapesOf(data)).map(([name, shape]) => [name, shapeText(shape)]);
      return `${facts.join("\n")}\n\n${table(["DATA", options.reveal ? "VALUE" : "SHAPE (--reveal shows values)"], rows)}`;
    });
    return exitCodes.done;
  });
}
