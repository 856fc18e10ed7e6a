// What a node has attached at this moment. Counted when somebody asks, so that attaching costs nothing for it.

import type { Topic } from "./topic.ts";

/** What carries a handle to a browser, and since when. */
export interface AttachedConnection {
  /** `"ws"`, `"sse"`, `"socket.io"`, `"liveview"`, or what another adapter calls itself. */
  readonly transport: string;
  /** In ms since 1970. */
  readonly since: number;
}

/** What a node has attached. */
export interface AttachedFigures {
  /** Sessions that something on this node is attached to. */
  readonly sessions: number;
  /** Those of them that are not known to be in step with the store. */
  readonly stale: number;
  /** Handles that carry a browser's connection, by what carries them. A live view counts for each view. */
  readonly connections: Readonly<Record<string, number>>;
}

/** Goes through all that is attached: for once a second, not for each request. */
export function figuresOf(topics: Iterable<Topic>): AttachedFigures {
  let sessions = 0;
  let stale = 0;
  const connections: Record<string, number> = {};
  for (const topic of topics) {
    if (!topic.snapshot) continue; // still opening
    sessions++;
    if (topic.status === "stale") stale++;
    for (const { transport } of topic.connections()) connections[transport] = (connections[transport] ?? 0) + 1;
  }
  return { sessions, stale, connections };
}
