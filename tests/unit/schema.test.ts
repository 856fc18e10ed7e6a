// Optional validation of the data by any Standard Schema library, on every write.

import { type as arktype } from "arktype";
import { createLiveSessions, type LiveSessionsOptions } from "live-session";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { rejection } from "../support/sessions.ts";

interface Shop {
  cart: string[];
  count: number;
}

const schemas: Record<string, NonNullable<LiveSessionsOptions<Shop>["schema"]>> = {
  zod: z.object({ cart: z.array(z.string()).optional(), count: z.number().min(0).optional() }),
  valibot: v.object({ cart: v.optional(v.array(v.string())), count: v.optional(v.pipe(v.number(), v.minValue(0))) }),
  arktype: arktype({ "cart?": "string[]", "count?": "number>=0" }) as never,
};

describe.each(Object.entries(schemas))("%s", (_name, schema) => {
  test("a write that the schema refuses changes nothing and says where it is wrong", async () => {
    const sessions = createLiveSessions<Shop>({ schema });
    const { id } = await sessions.create({ cart: ["kite"] });
    const live = await sessions.attach(id);
    const error = await rejection(live.put("cart", ["kite", 7 as never]));
    expect(error).toMatchObject({ code: "invalid_data", issues: [{ path: ["cart", 1] }] });
    expect(error.message).toContain("cart[1]");
    expect(await rejection(live.update("count", () => -1))).toMatchObject({ code: "invalid_data" });
    const transaction = live.transaction((draft) => {
      draft.count = -1;
    });
    expect(await rejection(transaction)).toMatchObject({ code: "invalid_data" });
    expect(await rejection(sessions.create({ count: -1 }))).toMatchObject({ code: "invalid_data" });
    expect(live.data).toEqual({ cart: ["kite"] });
    expect(live.version).toBe(1);
    await live.put("count", 3);
    expect(live.data).toEqual({ cart: ["kite"], count: 3 });
    await sessions.close();
  });
});

test("what the schema makes of a value is written, for the keys written and no others", async () => {
  const schema = z.object({ count: z.coerce.number().optional(), cart: z.array(z.string()).default(["gift"]) });
  const sessions = createLiveSessions<Shop>({ schema });
  const live = await sessions.attach((await sessions.create()).id);
  await live.put("count", "7" as never);
  expect(live.data).toEqual({ count: 7 });
  await sessions.close();
});

test("a rule over several keys holds under concurrent writes", async () => {
  const schema = z
    .object({ a: z.number().optional(), b: z.number().optional() })
    .refine(({ a = 0, b = 0 }) => a + b <= 1, "too much");
  const sessions = createLiveSessions<{ a: number; b: number }>({ schema });
  const live = await sessions.attach((await sessions.create()).id);
  const results = await Promise.allSettled([live.put("a", 1), live.put("b", 1)]);
  expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  await sessions.close();
});

test("a schema whose output is not JSON is refused when written", async () => {
  const schema = z.object({ at: z.coerce.date().optional() });
  const sessions = createLiveSessions<{ at: Date }>({ schema: schema as never });
  const live = await sessions.attach((await sessions.create()).id);
  expect(await rejection(live.put("at", 0 as never))).toMatchObject({ code: "not_json" });
  await sessions.close();
});

test("what is stored is not put through the schema again when its session gets a new id", async () => {
  const schema = z.object({ count: z.string().transform(Number).optional() });
  const sessions = createLiveSessions<{ count: number }>({ schema: schema as never });
  const { id } = await sessions.create({ count: "5" as never });
  expect(await sessions.read(await sessions.regenerate(id))).toEqual({ count: 5 });
  await sessions.close();
});
