// The client against a model of the server, over a network that loses and cuts at any point. What holds, whatever
// happens:
//
// 1. A call runs at most once; one that was not sent never ran.
// 2. Every call is settled, and once.
// 3. When a call resolves, the view holds what it did.
// 4. What is shown of a call that failed goes again: every label shown ran at the server or is pending.
// 5. When it is quiet, the view is the server's, and the status is live.
// 6. The versions shown never go back.
// 7. An end is final: no connection, no call, no other status after it.

import fc from "fast-check";
import { type CallError, connect } from "live-session/client";
import { ManualClock } from "live-session/conformance";
import { expect, test } from "vitest";
import { type ModelApp, ModelServer } from "../support/model-server.ts";
import { settle } from "../support/sessions.ts";

type Step =
  | { readonly do: "call"; readonly name: "add" | "refuse"; readonly optimistic: boolean }
  | { readonly do: "serve" | "arrive" | "flow" | "cut" | "restart" | "write" | "again" | "wake" | "late" }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("call" as const),
      name: fc.constantFrom("add" as const, "add" as const, "refuse" as const),
      optimistic: fc.boolean(),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constantFrom("serve" as const, "arrive" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("flow" as const, "cut" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("restart" as const, "write" as const, "again" as const, "wake" as const, "late" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(50, 100, 1_000, 10_000, 30_000) }),
  },
);

interface Made {
  readonly label: string;
  state: "pending" | "ok" | string;
  settled: number;
}

function world() {
  const server = new ModelServer();
  const clock = new ManualClock();
  const { WebSocket } = server;
  const after = (ms: number, callback: () => void) => clock.after(ms, callback);
  const live = connect<ModelApp>({ url: "ws://model/", WebSocket, after, random: () => 0.5, maxQueued: 5 });
  const calls: Made[] = [];
  const check = () => {
    const pending = calls.filter(({ state }) => state === "pending").map(({ label }) => label);
    for (const label of live.view?.labels ?? []) {
      expect(server.labels.includes(label) || pending.includes(label), `4: ${label} is shown`).toBe(true);
    }
    expect(live.version ?? 0, "6").toBeGreaterThanOrEqual(version);
    version = live.version ?? 0;
  };
  let version = 0;
  live.subscribe(check);

  function act(each: Step): void {
    switch (each.do) {
      case "call": {
        const label = `call ${calls.length}`;
        const made: Made = { label, state: "pending", settled: 0 };
        calls.push(made);
        const optimistic = ({ labels }: { labels: readonly string[] }) => ({ labels: [...labels, label] });
        live.actions[each.name](label, each.optimistic ? { optimistic } : {}).then(
          () => {
            made.settled++;
            made.state = "ok";
            expect(live.view?.labels, "3").toContain(label);
          },
          (error: CallError) => {
            made.settled++;
            made.state = error.code;
          },
        );
        return;
      }
      case "wait":
        return clock.advance(each.ms);
      case "restart":
        return server.restart();
      case "write":
        return server.write("another's");
      case "again":
        return server.last.tell(server.view());
      case "wake":
        return live.reconnect();
      case "late":
        // What was sent over connections given up since arrives after all.
        for (const socket of server.all) if (socket.closed) socket.serve();
        return;
      default:
        return server.last[each.do]();
    }
  }

  /** All that is on the way arrives, until nothing is. */
  async function quiet(): Promise<void> {
    for (let seconds = 0; seconds < 60; seconds += 5) {
      for (const socket of server.all) socket.flow();
      clock.advance(5_000);
      for (const socket of server.all) socket.flow();
    }
    await settle();
  }

  const ran = ({ label }: Made) => server.runs.get(label) ?? 0;
  return { server, live, calls, act, quiet, ran };
}

test("1 to 6 hold after any order of calls, losses, cuts, restarts and waits", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { server, live, calls, act, quiet, ran } = world();
      for (const each of steps) {
        act(each);
        await Promise.resolve();
      }
      await quiet();
      for (const call of calls) {
        expect(ran(call), `1: ${call.label} ran`).toBeLessThanOrEqual(1);
        expect(call.settled, `2: ${call.label} settled`).toBe(1);
        if (call.state === "ok" || call.state === "action_failed") expect(ran(call)).toBe(1);
        if (call.state === "not_connected") expect(ran(call), `1: ${call.label} was not sent`).toBe(0);
        expect(["ok", "action_failed", "not_connected", "outcome_unknown"]).toContain(call.state);
      }
      expect(live.view?.labels, "5").toEqual(server.labels);
      expect(live.status, "5").toBe("live");
      live.close();
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("7 holds, wherever the end falls", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 20 }), async (steps, afterEnd) => {
      const { server, live, calls, act, quiet, ran } = world();
      for (const each of steps) act(each);
      server.end();
      await quiet();
      expect(live.status).toBe("ended");
      expect(live.endReason).toBe("destroyed");
      const { view } = live;
      const connections = server.all.length;
      for (const each of afterEnd) act(each);
      await quiet();
      expect(server.all).toHaveLength(connections);
      expect(live.status).toBe("ended");
      expect(live.view).toBe(view);
      for (const call of calls) {
        expect(ran(call), `1: ${call.label} ran`).toBeLessThanOrEqual(1);
        expect(call.settled, `2: ${call.label} settled`).toBe(1);
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);
