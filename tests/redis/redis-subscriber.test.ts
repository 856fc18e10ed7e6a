// The order of things on a bus's connection, with a link that answers when it is told to: what a real server is too quick for.

import { expect, test } from "vitest";
import type { Link, LinkListener } from "../../src/buses/redis/link.ts";
import { Subscriber } from "../../src/buses/redis/subscriber.ts";
import { until } from "../support/servers/redis.ts";
import { rejection, settle } from "../support/sessions.ts";

class FakeLink implements Link {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(readonly listener: LinkListener) {}

  subscribe(channels: readonly string[]): Promise<void> {
    this.asked.push(...channels.map((channel) => `+${channel}`));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  unsubscribe(channel: string): Promise<void> {
    this.asked.push(`-${channel}`);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {}

  /** The server's answer to everything so far. */
  async answer(): Promise<void> {
    for (const each of this.#waiting.splice(0)) each();
    await settle();
  }
}

function subscriberOnFakes() {
  const links: FakeLink[] = [];
  const statuses: string[] = [];
  const subscriber = new Subscriber({
    async open(listener) {
      const link = new FakeLink(listener);
      links.push(link);
      return link;
    },
    message() {},
    status: (status) => statuses.push(status),
  });
  return { subscriber, links, statuses };
}

/** Whether a promise is done by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await settle();
  return done;
}

test("a subscription is there once the server said so, and not before", async () => {
  const { subscriber, links } = subscriberOnFakes();
  const [first, second] = [subscriber.want("a"), subscriber.want("a")];
  expect([await isDone(first), await isDone(second)]).toEqual([false, false]);
  await links[0]?.answer();
  expect([await isDone(first), await isDone(second)]).toEqual([true, true]);
  expect(links[0]?.asked).toEqual(["+a"]);
});

test("after a loss `up` comes once every subscription is in place again; until then nobody can subscribe", async () => {
  const { subscriber, links, statuses } = subscriberOnFakes();
  const wanted = [subscriber.want("a"), subscriber.want("b")];
  await settle();
  await links[0]?.answer();
  await Promise.all(wanted);
  links[0]?.listener.lost();
  links[0]?.listener.lost();
  expect(statuses).toEqual(["down"]);
  await until(() => links.length === 2);
  await settle();
  expect((await rejection(subscriber.want("c"))).message).toContain("Redis is away");
  expect([links[1]?.asked, statuses]).toEqual([["+a", "+b"], ["down"]]);
  await links[1]?.answer();
  expect(statuses).toEqual(["down", "up"]);
});

test("a link that is lost while it subscribes again is no way up: the next one is", async () => {
  const { subscriber, links, statuses } = subscriberOnFakes();
  const wanted = subscriber.want("a");
  await settle();
  await links[0]?.answer();
  await wanted;
  links[0]?.listener.lost();
  await until(() => links.length === 2);
  links[1]?.listener.lost();
  await links[1]?.answer();
  expect(statuses).toEqual(["down"]);
  await until(() => links.length === 3);
  await links[2]?.answer();
  expect(statuses).toEqual(["down", "up"]);
});

test("who comes back to a channel waits until it was left", async () => {
  const { subscriber, links } = subscriberOnFakes();
  const wanted = subscriber.want("a");
  await settle();
  await links[0]?.answer();
  await wanted;
  subscriber.leave("a");
  const again = subscriber.want("a");
  await settle();
  expect(links[0]?.asked).toEqual(["+a", "-a"]);
  await links[0]?.answer();
  expect(links[0]?.asked).toEqual(["+a", "-a", "+a"]);
  await links[0]?.answer();
  expect(await isDone(again)).toBe(true);
});

test("a subscription that was under way when the link was lost is refused", async () => {
  const { subscriber, links } = subscriberOnFakes();
  const wanted = rejection(subscriber.want("a"));
  await settle();
  links[0]?.listener.lost();
  await links[0]?.answer();
  expect((await wanted).message).toContain("went away");
});

test("closing forgets everything, and no link is opened again", async () => {
  const { subscriber, links, statuses } = subscriberOnFakes();
  const wanted = subscriber.want("a");
  await settle();
  await links[0]?.answer();
  await wanted;
  subscriber.close();
  links[0]?.listener.lost();
  expect((await rejection(subscriber.want("b"))).message).toContain("closed");
  expect([links.length, statuses]).toEqual([1, []]);
});
