// Web apps in processes of their own, and the load on them, which comes from this one.

import autocannon from "autocannon";
import { type BenchProcess, startProcess } from "./processes.ts";

export const SESSIONS = 50;
export const IN_FLIGHT = 32;

export interface App {
  readonly process: BenchProcess;
  readonly port: number;
  /** Of the sessions that it keeps. */
  readonly cookies: readonly string[];
}

/** Arguments are those of framework-server.ts. */
export async function startApp(framework: string, kind: string, redisUrl = ""): Promise<App> {
  const started = await startProcess<number>("framework-server.ts", { arguments: [framework, kind, redisUrl] });
  try {
    const cookies = await Promise.all(Array.from({ length: SESSIONS }, () => newSession(started.ready)));
    return { process: started, port: started.ready, cookies };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** Starts them, measures, and ends them. */
export async function withApps<T>(apps: readonly Promise<App>[], measure: (apps: App[]) => Promise<T>): Promise<T> {
  const started = await Promise.allSettled(apps);
  try {
    return await measure(
      started.map((each) => {
        if (each.status === "rejected") throw each.reason;
        return each.value;
      }),
    );
  } finally {
    const running = started.filter((each) => each.status === "fulfilled");
    await Promise.all(running.map(({ value }) => value.process.stop()));
  }
}

/** Makes a session and sees that it is kept: an app that loses its sessions would be fast. */
async function newSession(port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}`;
  const made = await fetch(`${url}/add`);
  await made.text();
  const cookie = made.headers
    .getSetCookie()
    .map((each) => each.replace(/;.*/, ""))
    .join("; ");
  await (await fetch(`${url}/add`, { headers: { cookie } })).text();
  const seen = await (await fetch(url, { headers: { cookie } })).text();
  if (seen !== "seen 2") throw new Error(`A session was not kept: "${seen}".`);
  return cookie;
}

export interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** The share of one core that the app's process used: far below 1, something else was the limit. */
  readonly busy: number;
}

/** Requests for so many seconds, which ask for these paths over and over, each path by every session. */
export async function load({ process, port, cookies }: App, paths: readonly string[], seconds = 1): Promise<Load> {
  const before = await process.ask<number>();
  const start = performance.now();
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: IN_FLIGHT,
    duration: seconds,
    requests: cookies.flatMap((cookie) => paths.map((path) => ({ path, headers: { cookie } }))),
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed.`);
  const ms = performance.now() - start;
  const busy = ((await process.ask<number>()) - before) / ms;
  return { rate: (1000 * result["2xx"]) / ms, busy };
}
