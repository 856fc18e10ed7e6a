// Calls that wait are counted until they have an answer or an error, and refused once there are too many.

import { expect, test } from "vitest";
import type { Caller } from "../../src/engines/redis/caller.ts";
import { Turn } from "../../src/stores/redis/turn.ts";

function counted() {
  let waiting = 0;
  let refusal: Error | undefined;
  const caller = {
    enter: () => {
      if (!refusal) waiting++;
      return refusal;
    },
    leave: (count: number) => {
      waiting -= count;
    },
  } as Caller;
  const refuse = (error: Error) => {
    refusal = error;
  };
  return { caller, waiting: () => waiting, refuse };
}

test("those with an answer leave, and so does one whose answer makes no sense", async () => {
  const { caller, waiting } = counted();
  const turn = new Turn({
    caller,
    send: async (asks: readonly number[]) => asks.map((ask) => ask * 2),
    answer(reply, index) {
      if (index === 1) throw new Error("no sense");
      return reply[index];
    },
    most: () => 10,
  });
  const asked = [1, 2, 3].map((ask) => turn.ask(ask));
  expect(waiting()).toBe(3);
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes).toMatchObject([{ value: 2 }, { reason: { message: "no sense" } }, { value: 6 }]);
  expect(waiting()).toBe(0);
});

test("those whose call fails leave, all of them; and one that is refused never came", async () => {
  const { caller, waiting, refuse } = counted();
  const sent: number[][] = [];
  const turn = new Turn({
    caller,
    send(asks: readonly number[]): Promise<never> {
      sent.push([...asks]);
      return Promise.reject(new Error("away"));
    },
    answer: () => null,
    most: () => 2,
  });
  const asked = [1, 2, 3].map((ask) => turn.ask(ask));
  refuse(new Error("too many"));
  const outcomes = await Promise.allSettled([...asked, turn.ask(4)]);
  const reasons = outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.message : null));
  expect(reasons).toEqual(["away", "away", "away", "too many"]);
  expect(sent).toEqual([[1, 2], [3]]);
  expect(waiting()).toBe(0);
});
