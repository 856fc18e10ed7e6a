// `live-session list`

import { summaryOf } from "../describe.ts";
import { type ExitCode, exitCodes } from "../failures.ts";
import { DEFAULT_RETENTION, wholeNumber } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { type StoreOptions, withEngine } from "../stores/open.ts";
import { bytes, counted, span, table } from "../text.ts";

export interface ListOptions extends StoreOptions {
  readonly principal?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

export function list(options: ListOptions): Promise<ExitCode> {
  const output = outputOf(options);
  const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber(options.limit, "--limit", 1);
  return withEngine(options, async (engine) => {
    const { store } = await engine.sessions({ retention: DEFAULT_RETENTION });
    const rows: string[][] = [];
    let count = 0;
    for await (const each of store.list({ principal: options.principal })) {
      const summary = summaryOf(each);
      if (output.json) output.result(summary, () => "");
      else rows.push(rowOf(summary));
      if (++count === limit) break;
    }
    if (output.json) return exitCodes.done;
    if (count > 0)
      process.stdout.write(`${table(["KEY", "PRINCIPAL", "AGE", "LAST SEEN", "EXPIRES", "VERSION", "SIZE"], rows)}\n`);
    output.remark(counted(count, "session"));
    return exitCodes.done;
  });
}

function rowOf(session: ReturnType<typeof summaryOf>): string[] {
  const now = Date.now();
  return [
    session.key,
    session.principal ?? "-",
    span(now - session.createdAt),
    `${span(now - session.lastSeenAt)} ago`,
    `in ${span(session.expiresAt - now)}`,
    String(session.version),
    bytes(session.bytes),
  ];
}
