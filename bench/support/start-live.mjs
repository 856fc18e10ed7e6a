// Imports the library as an Express app on Redis does, opens a session and reads it. Prints the ms that took. argv: Redis's URL.

const start = performance.now();
const { default: session } = await import("express-session");
const { createClient } = await import("redis");
const { createLiveSessions } = await import("live-session");
const { redis } = await import("live-session/redis");
const { expressStore } = await import("live-session/express");

const client = await createClient({ url: process.argv[2] }).connect();
const store = expressStore(createLiveSessions({ ...redis({ client }) }));
session({ store, secret: "bench", resave: false, saveUninitialized: false });
const data = { cookie: { originalMaxAge: 60_000 }, user: "ada" };
await new Promise((resolve, reject) => store.set("ours", data, (error) => (error ? reject(error) : resolve())));
await new Promise((resolve, reject) => store.get("ours", (error, found) => (found ? resolve() : reject(error))));
console.log(performance.now() - start);
process.exit();
