// The fault suite of one engine: a run for each seed. See CONTRIBUTING.md for how to repeat one.

import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type SessionKey, type SessionStore, sessionKey } from "live-session";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "./checks.ts";
import { Cluster } from "./cluster.ts";
import { Crowd, type OpenTab } from "./crowd.ts";
import { clientOf, type EngineName, openDriver } from "./drivers.ts";
import { type Engine, engines } from "./engines.ts";
import { type Final, type History, save } from "./history.ts";
import { buildNodes, nodesFolder } from "./node.ts";
import { type Plan, planOf, planText, STORM_MS } from "./plan.ts";
import { Random } from "./random.ts";
import type { Data, Slot } from "./sessions.ts";

/** What the issue allows, from when the last fault is lifted. */
const CONVERGENCE_MS = 5_000;

const { FAULT_SEEDS = "20", SEED, ENGINE } = process.env;
const seeds = SEED ? SEED.split(",").map(Number) : Array.from({ length: Number(FAULT_SEEDS) }, (_, index) => index + 1);

const promise = "after faults, subscribers equal the store, acknowledged writes count once, and what ended is over";

export function faultSuite(name: EngineName): void {
  describe.skipIf(ENGINE !== undefined && ENGINE !== name)(promise, () => {
    let engine: Engine;

    beforeAll(async () => {
      await buildNodes();
      engine = await engines[name]();
    });
    afterAll(async () => {
      await engine?.remove();
      rmSync(nodesFolder, { recursive: true, force: true });
    });

    test.each(seeds)(`${name}, seed %i`, async (seed) => {
      const plan = planOf(name, seed);
      console.log(planText(plan, clientOf(name, plan.client)));
      const { history, failures } = await run(engine, plan);
      const kept = failures.length > 0 ? `\nThe history is in ${save(history, failures)}` : "";
      expect(failures.join("\n") + kept).toBe("");
    });
  });
}

async function run(engine: Engine, plan: Plan): Promise<{ history: History; failures: string[] }> {
  const began = performance.now();
  const now = () => Math.round(performance.now() - began);
  const history: History = { plan, notes: [], sessions: [], writes: [], tabs: [], wrong: [], final: null, reports: [] };
  const note = (words: string) => void history.notes.push({ at: now(), note: words });
  const name = engine.nameOf(plan.seed);
  const wrong = (words: string) => void history.wrong.push(words);
  const cluster = await Cluster.start({ plan, engine, name, note, wrong });
  const crowd = new Crowd({ cluster, history, random: new Random(plan.seed), now });
  let failures: string[] = [];
  // The way of the suite itself, which no fault strikes but those of the engine.
  const direct = await openDriver({ ...plan, port: engine.port ?? 0, name, password: engine.password });
  try {
    await crowd.arrive();
    const say = { note, wrong };
    note("the storm begins");
    const writers = crowd.start();
    await Promise.all([cluster.suffer(plan.faults), sleep(STORM_MS)]);
    note("healed");
    const healed = performance.now();
    const stopped = writers.stop();
    await converge(crowd, direct.store, history, () => performance.now() - healed < CONVERGENCE_MS, say);
    note("judged for the first time");
    await Promise.all([stopped, crowd.settled()]);
    // What was still under way may have been done since.
    const end = performance.now() + CONVERGENCE_MS;
    await converge(crowd, direct.store, history, () => performance.now() < end, say);
    history.final = await finalOf(history, direct.store, cluster);
    history.reports = await Promise.all(
      cluster.alive.map(async ({ index, node }) => ({ node: index, reports: await node.ask({ ask: "reports" }) })),
    );
    failures = violations(history);
    await partings(crowd, direct.store, history, { note, wrong: (words) => void failures.push(words) });
  } finally {
    crowd.close();
    await cluster.close();
    await direct.bus.close();
    await direct.store.close();
    await direct.close();
  }
  return { history, failures };
}

/** After a storm much leads to a look at the store, which would make good for an end that nobody was told of. */
async function partings(crowd: Crowd, store: SessionStore, history: History, say: Say): Promise<void> {
  say.note("all sign out");
  await crowd.leave();
  const end = performance.now() + CONVERGENCE_MS;
  await converge(crowd, store, history, () => performance.now() < end, say);
}

interface Say {
  readonly note: (words: string) => void;
  readonly wrong: (words: string) => void;
}

type Stored = { readonly state: string; readonly data: Data | null };

/** Waits until every client shows what the store holds, or is over where the session is; tells those that do not. */
async function converge(
  { tabs }: Crowd,
  store: SessionStore,
  history: History,
  inTime: () => boolean,
  { note, wrong }: Say,
): Promise<void> {
  for (let last = ""; ; await sleep(100)) {
    const words = await apart(tabs, store, history).catch((error) => [`apart: the suite could not read: ${error}`]);
    if (words.length === 0) return;
    if (!inTime()) return words.forEach(wrong);
    const news = `${words.length} apart, such as ${words[0]}`;
    if (news !== last) note(news);
    last = news;
  }
}

async function apart(tabs: readonly OpenTab[], store: SessionStore, history: History): Promise<string[]> {
  const stored = await readAll(history, store);
  return tabs
    .filter(({ tab, client }) => !agrees(client, stored.get(tab.session)))
    .map((open) => apartWords(open, stored.get(open.tab.session)));
}

function apartWords({ tab, client }: OpenTab, stored: Stored | undefined): string {
  const { version, status, endReason = "", view } = client;
  const data = stored?.data;
  const shown = view as Data | undefined;
  const differ = data && Object.keys(data).filter((key) => !isDeepStrictEqual(data[key as Slot], shown?.[key as Slot]));
  const there = `${stored?.state}${differ ? `, where it differs in ${differ}` : ""}`;
  return `apart: client ${tab.number} is ${status} ${endReason} at version ${version}; session ${tab.session} is ${there}.`;
}

/** @param stored what was read; `undefined` for a session that somebody got since then */
function agrees(client: OpenTab["client"], stored: Stored | undefined): boolean {
  if (!stored) return false;
  const { data } = stored;
  return data ? client.status === "live" && isDeepStrictEqual(client.view, data) : client.status === "ended";
}

async function readAll({ sessions }: History, store: SessionStore): Promise<Map<number, Stored>> {
  const read = async (key: SessionKey): Promise<Stored> => {
    const found = await store.read(key);
    if (found.state === "live") return { state: "live", data: { ...found.record.data } as Data };
    return { state: found.state === "ended" ? found.reason : "missing", data: null };
  };
  return new Map(
    await Promise.all(sessions.map(async ({ number, id }) => [number, await read(sessionKey(id))] as const)),
  );
}

async function finalOf(history: History, store: SessionStore, cluster: Cluster): Promise<Final> {
  const stored = await readAll(history, store);
  const ended = history.sessions.filter(({ end }) => end === "done");
  const questions = cluster.alive.flatMap(({ index, node }) =>
    ended.flatMap(({ number, id }) =>
      (["read", "attach"] as const).map(async (how) => {
        const answer = await node.ask({ ask: how, id }).catch((error) => `not answered (${error.message})`);
        return { session: number, node: index, how, answer: String(answer) };
      }),
    ),
  );
  const sessions = [...stored].map(([session, { state, data }]) => ({ session, state, data }));
  return { sessions, answers: await Promise.all(questions) };
}
