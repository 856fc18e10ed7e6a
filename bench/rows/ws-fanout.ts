// One session, 10,000 WebSockets, one put: until the last of them is handed the message, and until the last client has it.

import { caseOf, inTurns, pick, type Row, type Samples } from "../support/measure.ts";
import type { Counted } from "../support/socket-clients.ts";
import type { Told } from "../support/socket-server.ts";
import { type Sockets, withSockets } from "../support/sockets.ts";

const CONNECTIONS = 10_000;

interface Times {
  readonly handed: number;
  readonly received: number;
}

/** What live-session's clients got last: the raw side sends as long a text. */
let text = "";

async function tell({ server, clients }: Sockets): Promise<Times> {
  await clients({ do: "count" });
  const { began, handed } = await server<Told>({ do: "tell", text });
  const counted = await clients<Counted>({ do: "counted" });
  text = counted.text;
  return { handed: handed - began, received: counted.at - began };
}

function measure(): Promise<Samples<Times>> {
  return withSockets("live", 1, (live) =>
    withSockets("raw", 0, async (raw) => {
      await live.open(CONNECTIONS);
      await raw.open(CONNECTIONS);
      const sides = [
        { name: "live-session", measure: () => tell(live) },
        { name: "a loop over raw ws", measure: () => tell(raw) },
      ];
      return inTurns(sides, { rounds: 15 });
    }),
  );
}

export const row: Row = {
  group: "Sockets and nodes",
  title: "one put to 10,000 WebSockets of one session",
  about:
    "From the put to the last socket handed the message, and to the last message at the clients, which are in another process. " +
    "The limit sends the same bytes, made before, in a loop over the sockets of `ws`.",
  async *run() {
    const samples = await measure();
    for (const part of ["handed", "received"] as const) {
      yield caseOf({
        name: part === "handed" ? "the last socket is handed it" : "the last client has it",
        unit: "ms",
        better: "less",
        samples: pick(samples, (each) => each[part]),
        ours: "live-session",
        beside: { "a loop over raw ws": { kind: "limit", goal: { atMost: 1.15 } } },
      });
    }
  },
};
