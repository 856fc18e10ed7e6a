// As start-live.mjs, with connect-redis.

const start = performance.now();
const { default: session } = await import("express-session");
const { createClient } = await import("redis");
const { RedisStore } = await import("connect-redis");

const client = await createClient({ url: process.argv[2] }).connect();
const store = new RedisStore({ client });
session({ store, secret: "bench", resave: false, saveUninitialized: false });
const data = { cookie: { originalMaxAge: 60_000 }, user: "ada" };
await new Promise((resolve, reject) => store.set("peer", data, (error) => (error ? reject(error) : resolve())));
await new Promise((resolve, reject) => store.get("peer", (error, found) => (found ? resolve() : reject(error))));
console.log(performance.now() - start);
process.exit();
