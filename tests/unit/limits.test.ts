// The arithmetic of limits: token buckets and their table, addresses as they are counted, who is charged for what.

import fc from "fast-check";
import { createLiveSessions, type LimitsOptions, type LiveSessionError, type SessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { addressReader, countedAddress } from "../../src/core/address.ts";
import { readLimits } from "../../src/core/limit-options.ts";
import { Limits, retryAfter } from "../../src/core/limits.ts";
import { type BucketSize, TokenBuckets } from "../../src/core/token-buckets.ts";
import { rejection } from "../support/sessions.ts";

afterEach(() => vi.restoreAllMocks());

const size = fc.record({
  rate: fc.integer({ min: 1, max: 1_000 }),
  per: fc.integer({ min: 1, max: 100_000 }),
  burst: fc.integer({ min: 1, max: 20 }),
});

/** When something is asked for: at once, again and again, or after a while. */
const pauses = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200_000 })),
  {
    maxLength: 60,
  },
);

describe("a token bucket", () => {
  /** Asks after each pause; gives the times at which it got a token, and those at which it did not. */
  function asked(
    bucket: BucketSize,
    waits: readonly number[],
    look: (buckets: TokenBuckets, clock: ManualClock) => void,
  ) {
    const clock = new ManualClock(0);
    const buckets = new TokenBuckets(bucket, clock);
    const granted: number[] = [];
    for (const wait of waits) {
      clock.advance(wait);
      look(buckets, clock);
      if (buckets.wait("ada") > 0) continue;
      buckets.take("ada");
      granted.push(clock.now());
    }
    return granted;
  }

  test("never grants more than burst + rate * time, over any stretch of time", () => {
    fc.assert(
      fc.property(size, pauses, (bucket, waits) => {
        const granted = asked(bucket, waits, () => {});
        granted.forEach((start, first) => {
          for (let last = first; last < granted.length; last++) {
            const time = (granted[last] as number) - start;
            expect(last - first + 1).toBeLessThanOrEqual(bucket.burst + (bucket.rate * time) / bucket.per);
          }
        });
      }),
    );
  });

  test("refuses only what would be more than that", () => {
    fc.assert(
      fc.property(size, pauses, (bucket, waits) => {
        const granted: number[] = [];
        asked(bucket, waits, (buckets, clock) => {
          const now = clock.now();
          // The bucket was full at the start, and is as if it had been then at each grant: as many are allowed since.
          const fits = granted.every(
            (start, first) => granted.length - first + 1 <= bucket.burst + (bucket.rate * (now - start)) / bucket.per,
          );
          expect(buckets.wait("ada") === 0).toBe(fits);
          if (fits) granted.push(now);
        });
      }),
    );
  });

  test("says to the millisecond when there is one again", () => {
    fc.assert(
      fc.property(size, pauses, (bucket, waits) => {
        asked(bucket, waits, (buckets, clock) => {
          const wait = buckets.wait("ada");
          if (wait === 0) return;
          clock.advance(wait - 1);
          expect(buckets.wait("ada")).toBe(1);
          clock.advance(1);
          expect(buckets.wait("ada")).toBe(0);
        });
      }),
    );
  });

  test("is one for each name", () => {
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst: 1 }, new ManualClock());
    buckets.take("ada");
    expect([buckets.wait("ada"), buckets.wait("bob")]).toEqual([1_000, 0]);
  });

  test("is not filled by a clock that is set back, and goes on from there", () => {
    let now = 1_000_000;
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst: 1 }, { now: () => now, after: () => () => {} });
    buckets.take("ada");
    now -= 3_600_000;
    expect(buckets.wait("ada")).toBe(1_000);
    now += 1_000;
    expect(buckets.wait("ada")).toBe(0);
  });
});

describe("the table of buckets", () => {
  test("forgets those that are full again, and those alone", () => {
    const clock = new ManualClock();
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst: 10 }, clock);
    for (let name = 0; name < 1_000; name++) buckets.take(String(name));
    clock.advance(999);
    buckets.take("ada");
    buckets.sweep();
    expect(buckets.count).toBe(1_001);
    clock.advance(1);
    buckets.sweep();
    expect(buckets.count).toBe(1);
  });

  test("never holds more than it may, and takes on everybody all the same", () => {
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst: 1 }, new ManualClock(), 50);
    for (let name = 0; name < 500; name++) {
      buckets.take(String(name));
      expect(buckets.wait(String(name))).toBe(1_000);
      expect(buckets.count).toBeLessThanOrEqual(50);
    }
  });

  test("a flood of new names does not have an empty bucket forgotten", () => {
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst: 5 }, new ManualClock(), 100);
    for (let turn = 0; turn < 5; turn++) buckets.take("attacker");
    for (let name = 0; name < 10_000; name++) buckets.take(String(name));
    expect(buckets.wait("attacker")).toBe(1_000);
  });

  test("what is won by having buckets forgotten is less than what it takes", () => {
    const burst = 5;
    const buckets = new TokenBuckets({ rate: 1, per: 1_000, burst }, new ManualClock(), 100);
    const own = Array.from({ length: 40 }, (_, name) => `own ${name}`);
    for (const name of own) for (let turn = 0; turn < burst; turn++) buckets.take(name);
    // Names of no other use, emptied one after the other to push out those.
    let spent = 0;
    for (let name = 0; name < 1_000; name++)
      for (let turn = 0; turn < burst; turn++, spent++) buckets.take(`spent ${name}`);
    const won = own.filter((name) => buckets.wait(name) === 0).length * burst;
    expect(won).toBeLessThan(spent / 10);
  });
});

describe("an address", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1:54321", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["a user", "a user"],
    ["x".repeat(65), "x".repeat(64)],
    ["", "unknown"],
    [undefined, "unknown"],
    [null, "unknown"],
    [7 as never, "unknown"],
  ])("%s is counted as %s", (address, counted) => {
    expect(countedAddress(address)).toBe(counted);
  });

  test("all of a /64 are one, whatever else they hold; the next /64 is another", () => {
    const part = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const parts = fc.tuple(part, part, part, part);
    fc.assert(
      fc.property(parts, parts, parts, (prefix, one, two) => {
        const [first, second] = [one, two].map((rest) => countedAddress([...prefix, ...rest].join(":")));
        expect(first).toBe(second);
        const other = [...prefix.slice(0, 3), prefix[3] === "0" ? "1" : "0", ...one].join(":");
        expect(countedAddress(other)).not.toBe(first);
      }),
    );
  });

  test("is what the framework says, else the socket's, unless there is a function for it", () => {
    const report = vi.fn();
    const request = { ip: "192.0.2.1", socket: { remoteAddress: "192.0.2.2" } };
    expect(addressReader(undefined, report)(request)).toBe("192.0.2.1");
    expect(addressReader(undefined, report)({ socket: request.socket })).toBe("192.0.2.2");
    expect(addressReader(() => "192.0.2.3", report)(request)).toBe("192.0.2.3");
    expect(report).not.toHaveBeenCalled();
  });

  test("that cannot be told is one for all, which is reported if the function threw", () => {
    const report = vi.fn();
    const failure = new Error("no header");
    const read = addressReader<object>(() => {
      throw failure;
    }, report);
    expect([read({}), addressReader<object>(undefined, report)({})]).toEqual(["unknown", "unknown"]);
    expect(report.mock.calls).toEqual([[failure, { stage: "address" }]]);
    expect(() => addressReader("x-real-ip" as never, report)).toThrow(/address/);
  });
});

describe("limits", () => {
  const [one, two] = ["key one", "key two"] as SessionKey[] as [SessionKey, SessionKey];

  function limitsOf(options: LimitsOptions | false) {
    const clock = new ManualClock();
    return { clock, limits: new Limits(readLimits(options), clock) };
  }

  const code = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as LiveSessionError).code;
    }
    return null;
  };

  test("are counted for each session and each address by itself", () => {
    const { limits } = limitsOf({
      perSession: { actions: { rate: 1, burst: 2 } },
      perAddress: { actions: { rate: 1, burst: 3 } },
    });
    const act = (key: SessionKey, address: string) => code(() => limits.action(key, address));
    expect([act(one, "a"), act(one, "a"), act(one, "a")]).toEqual([null, null, "rate_limited"]);
    expect([act(one, "b"), act(two, "b")]).toEqual(["rate_limited", null]);
    expect([act(two, "a"), act("three" as SessionKey, "a")]).toEqual([null, "rate_limited"]);
    expect(limits.refused.perSession.actions).toBe(2);
    expect(limits.refused.perAddress.actions).toBe(1);
  });

  test("what one of them refuses costs nothing of the others", () => {
    const { limits, clock } = limitsOf({
      perSession: { connections: { rate: 1, burst: 1 }, maxConnections: 10 },
      perAddress: { connections: { rate: 1, per: "1d", burst: 2 }, maxConnections: 10 },
    });
    limits.connection(one, "a");
    for (let turn = 0; turn < 5; turn++) expect(code(() => limits.connection(one, "a"))).toBe("rate_limited");
    clock.advance(1_000);
    expect(code(() => limits.connection(one, "a"))).toBeNull();
    expect(code(() => limits.connection(two, "a"))).toBe("rate_limited");
  });

  test("a connection counts until it is released, once", () => {
    const { limits } = limitsOf({ perSession: { maxConnections: 2 }, perAddress: { maxConnections: 3 } });
    const first = limits.connection(one, "a");
    limits.connection(one, "a");
    expect(code(() => limits.connection(one, "b"))).toBe("too_many_connections");
    first.release();
    first.release();
    limits.connection(one, "a");
    expect(code(() => limits.connection(one, "a"))).toBe("too_many_connections");
    const visitor = limits.connection(null, "a");
    expect(code(() => limits.connection(two, "a"))).toBe("too_many_connections");
    visitor.release();
    expect(code(() => limits.connection(two, "a"))).toBeNull();
    expect(limits.refused).toMatchObject({ perSession: { maxConnections: 2 }, perAddress: { maxConnections: 1 } });
  });

  test("the error says which limit it was, and for HTTP when to come again", () => {
    const { limits } = limitsOf({ perSession: { actions: { rate: 1, per: "90s", burst: 1 } } });
    limits.action(one, null);
    try {
      limits.action(one, null);
      expect.fail("It was expected to be refused.");
    } catch (error) {
      expect(error).toMatchObject({ code: "rate_limited", status: 429, headers: { "Retry-After": "90" } });
      expect((error as Error).message).toBe("Too many actions of this session in a short time. Try again in 90 s.");
      expect(retryAfter(error as LiveSessionError)).toBe(90);
    }
  });

  test("messages of a connection are counted by themselves", () => {
    const { limits, clock } = limitsOf({ perConnection: { messages: { rate: 1, burst: 2 } } });
    const [left, right] = [limits.messageBucket(), limits.messageBucket()];
    const floods = (...buckets: (typeof left)[]) => buckets.map((bucket) => limits.isFlood(bucket));
    expect(floods(left, left, left, right)).toEqual([false, false, true, false]);
    expect(limits.refused.perConnection.messages).toBe(1);
    clock.advance(1_000);
    expect(floods(left, left)).toEqual([false, true]);
  });

  test("false is for none at all, and for one of them", () => {
    const none = limitsOf(false).limits;
    const some = limitsOf({
      perSession: { connections: false, maxConnections: false, actions: false, maxSubscribers: false },
      perConnection: { messages: false },
    }).limits;
    for (const limits of [none, some]) {
      const bucket = limits.messageBucket();
      for (let turn = 0; turn < 10_000; turn++) {
        limits.connection(one, "a");
        limits.action(one, "a");
        limits.subscriber(turn);
        limits.newSession("a");
        expect(limits.isFlood(bucket)).toBe(false);
      }
      expect(JSON.stringify(limits.refused)).not.toMatch(/[1-9]/);
    }
  });

  test("by default sessions and connections have limits, and addresses have none", () => {
    const { limits } = limitsOf({});
    expect([limits.countsAddresses, limits.countsNewSessions]).toEqual([false, false]);
    expect(readLimits()).toEqual({
      perSession: {
        connections: { rate: 10, per: 1_000, burst: 200 },
        maxConnections: 200,
        actions: { rate: 100, per: 1_000, burst: 1_000 },
        maxSubscribers: 1_000,
      },
      perAddress: { connections: null, maxConnections: null, actions: null, sessions: null },
      perConnection: { messages: { rate: 1_000, per: 1_000, burst: 5_000 } },
    });
  });

  test.each([
    [null, "limits"],
    [{ perUser: {} }, "perUser"],
    [{ perSession: { connexions: 1 } }, "connexions"],
    [{ perSession: null }, "perSession"],
    [{ perSession: { maxConnections: 0 } }, "maxConnections"],
    [{ perSession: { maxConnections: { rate: 1 } } }, "maxConnections"],
    [{ perSession: { maxSubscribers: 1.5 } }, "maxSubscribers"],
    [{ perSession: { actions: 100 } }, "perSession.actions"],
    [{ perSession: { actions: { rate: 0 } } }, "rate"],
    [{ perSession: { actions: { rate: 1, burst: 2_000_000 } } }, "burst"],
    [{ perSession: { actions: { rate: 1, burst: "5" } } }, "burst"],
    [{ perAddress: { sessions: { rate: 1, per: "1w" } } }, "perAddress.sessions"],
    [{ perAddress: { sessions: { rate: 1, per: 0 } } }, "perAddress.sessions"],
    [{ perConnection: { messages: { rate: 1, every: "1s" } } }, "every"],
    [{ perConnection: { messages: true } }, "perConnection.messages"],
  ])("%j is refused at start, by name", (limits, name) => {
    expect(() => createLiveSessions({ limits: limits as never })).toThrow(
      expect.objectContaining({ code: "bad_option", message: expect.stringContaining(name) }),
    );
  });
});

describe("a hub", () => {
  function hubWith(limits: LimitsOptions) {
    const clock = new ManualClock();
    const sessions = createLiveSessions({ clock, limits, cleanInterval: "10s" });
    onTestFinished(() => sessions.close());
    return { sessions, clock };
  }

  test("has no more attached to a session than maxSubscribers, on any handle; another has room again", async () => {
    const { sessions } = hubWith({ perSession: { maxSubscribers: 2 } });
    const { id } = await sessions.create();
    const other = await sessions.create();
    const [first] = [await sessions.attach(id), await sessions.attach(id)];
    expect(await rejection(sessions.attach(id))).toMatchObject({ code: "too_many_subscribers", status: 429 });
    await sessions.attach(other.id);
    first?.detach();
    await sessions.attach(id);
    expect(sessions.refused.perSession.maxSubscribers).toBe(1);
  });

  test("tells what was refused as a copy", () => {
    const { sessions } = hubWith({});
    const { refused } = sessions;
    expect(refused).toEqual({
      perSession: { connections: 0, maxConnections: 0, actions: 0, maxSubscribers: 0 },
      perAddress: { connections: 0, maxConnections: 0, actions: 0, sessions: 0 },
      perConnection: { messages: 0 },
    });
    expect(sessions.refused).not.toBe(refused);
  });

  test("frees the memory of limits when it cleans", async () => {
    const { sessions, clock } = hubWith({});
    const sweep = vi.spyOn(sessions.limits, "sweep");
    clock.advance(10_000);
    expect(sweep).toHaveBeenCalledTimes(1);
  });

  test("limits no code of the server's own", async () => {
    const { sessions } = hubWith({ perSession: { actions: { rate: 1, burst: 1 }, maxConnections: 1 } });
    const { id } = await sessions.create();
    const app = sessions.app({ actions: { add: sessions.action(() => 1) } });
    const [live] = [await sessions.attach(id), await sessions.attach(id)];
    for (let turn = 0; turn < 5; turn++) expect(await app.run(live as never, "add", undefined)).toBe("1");
  });
});
