// `live-session doctor`

import { examineApp } from "../doctor/app.ts";
import type { Finding } from "../doctor/findings.ts";
import { type ExitCode, exitCodes, usage } from "../failures.ts";
import { outputOf } from "../output.ts";
import { type StoreOptions, withEngine } from "../stores/open.ts";
import { counted, plain } from "../text.ts";

export interface DoctorOptions extends StoreOptions {
  readonly cookie?: string;
  readonly json?: boolean;
}

const marks = { ok: "ok      ", note: "note    ", problem: "PROBLEM " } as const;

/** Exit code 3 if there is any problem; notes are for thinking about, and no failure. */
export async function doctor(url: string | undefined, options: DoctorOptions): Promise<ExitCode> {
  const output = outputOf(options);
  const hasStore = options.store !== undefined || Boolean(process.env.LIVE_SESSION_STORE);
  if (!hasStore && url === undefined)
    throw usage("What is to be looked at? Give --store, the URL of a running app, or both.");
  const findings: Finding[] = [];
  if (hasStore) findings.push(...(await withEngine(options, (engine) => engine.examine())));
  if (url !== undefined) findings.push(...(await examineApp(url, options.cookie)));
  for (const each of findings) output.result(each, () => textOf(each));
  const problems = findings.filter(({ level }) => level === "problem").length;
  if (!output.json) output.remark(problems === 0 ? "Nothing to mend." : `${counted(problems, "problem")} to mend.`);
  return problems === 0 ? exitCodes.done : exitCodes.notFound;
}

function textOf({ level, check, found, mend }: Finding): string {
  return plain(`${marks[level]}${check}: ${found}`) + (mend ? `\n        ${plain(mend)}` : "");
}
