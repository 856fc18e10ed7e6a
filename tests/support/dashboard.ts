// A dashboard asked by requests, and its event streams read as they come.

import type { LiveSessions, SessionBus } from "live-session";
import { createDashboard, type Dashboard, type DashboardOptions } from "live-session/dashboard";
import { onTestFinished } from "vitest";
import type { Figures, Frame, Happening, Opening, ShownSession } from "../../src/dashboard/wire.ts";
import { settle, testSessions } from "./sessions.ts";

export type Data = Record<string, unknown>;

export const base = "http://shop.example/admin/sessions/";

export interface Events {
  /** All events of a name so far. */
  all<Value>(event: string): Value[];
  /** Resolves when there is one of this name, and such a value. */
  arrived<Value>(event: string, isIt?: (value: Value) => boolean): Promise<void>;
  readonly isOver: boolean;
  cancel(): Promise<void>;
}

/** Reads a stream as it comes. */
export function eventsOf(response: Response): Events {
  const events: { event: string; value: unknown }[] = [];
  const waiting = new Set<() => void>();
  let text = "";
  let isOver = false;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, event] = /^event: (.*)$/m.exec(block) ?? [];
        const [, data] = /^data: (.*)$/m.exec(block) ?? [];
        if (event && data) events.push({ event, value: JSON.parse(data) });
        for (const look of waiting) look();
      }
    }
    isOver = true;
  })();
  return {
    all: <Value>(name: string) => events.filter(({ event }) => event === name).map(({ value }) => value as Value),
    arrived: (name, isIt = () => true) =>
      new Promise((resolve) => {
        const look = () => events.some(({ event, value }) => event === name && isIt(value as never)) && resolve();
        waiting.add(look);
        look();
      }),
    get isOver() {
      return isOver;
    },
    cancel: () => reader.cancel(),
  };
}

export const openings = (events: Events) => events.all<Opening>("opening");
export const frames = (events: Events) => events.all<Frame>("frame");
export const happenings = (events: Events) => events.all<Happening>("happening");
export const shownSessions = (events: Events) => events.all<ShownSession | null>("session");

/** Figures of a node in the last frame. */
export function figuresOf(events: Events, node: string): Figures | undefined {
  return frames(events)
    .at(-1)
    ?.nodes.find((each) => each.node === node);
}

export interface OpenDashboard {
  readonly sessions: LiveSessions<Data>;
  readonly dashboard: Dashboard;
  readonly clock: ReturnType<typeof testSessions>["clock"];
  readonly errors: ReturnType<typeof testSessions>["errors"];
  get(path: string, init?: RequestInit): Promise<Response>;
  open(query?: string): Promise<Events>;
  /** Lets so many seconds pass, one by one. */
  seconds(count: number): Promise<void>;
}

/** A hub on a clock that stands still, with a dashboard that lets everyone in unless told otherwise. */
export function openDashboard(
  options: Partial<DashboardOptions<Request>> = {},
  parts: Parameters<typeof testSessions<Data>>[0] & { bus?: SessionBus } = {},
): OpenDashboard {
  const { sessions, clock, errors } = testSessions<Data>(parts);
  const dashboard = createDashboard(sessions, { authorize: () => true, node: "one", ...options });
  onTestFinished(() => dashboard.close());
  const get = (path: string, init?: RequestInit) => dashboard.fetch(new Request(base + path, init));
  return {
    sessions,
    dashboard,
    clock,
    errors,
    get,
    async open(query = "") {
      const events = eventsOf(await get(`live.events${query}`));
      onTestFinished(() => events.cancel().catch(() => {})); // it may be over
      await settle();
      return events;
    },
    async seconds(count) {
      for (let second = 0; second < count; second++) {
        clock.advance(1_000);
        await settle();
      }
    },
  };
}
