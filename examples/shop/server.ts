// `npm start`: the shop on a SQLite file, so that baskets outlive a restart.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { sqliteStore } from "live-session/sqlite";
import { openShop } from "./shop.ts";

const port = Number(process.env.PORT ?? 3000);
const folder = process.env.SHOP_DATA ?? ".data";
mkdirSync(folder, { recursive: true });

const database = new Database(join(folder, "shop.sqlite"));
const shop = await openShop({
  store: sqliteStore({ database }),
  secret: process.env.SESSION_SECRET ?? keptSecret(),
  // Whoever sits at this machine. Behind a proxy everyone seems to: ask who is signed in instead.
  mayLook: ({ socket, headers }) =>
    isLoopback(socket.remoteAddress) && isLocalName(headers.host) && headers["x-forwarded-for"] === undefined,
});

shop.server.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EADDRINUSE") throw error;
  console.error(`Port ${port} is taken. Choose another: PORT=3001 npm start`);
  process.exit(1);
});
shop.server.listen(port, () => {
  const { port: taken } = shop.server.address() as { port: number };
  const url = `http://localhost:${taken}`;
  console.log(`
  Gale & Daughters is open: ${url}

  Try this:
   1. Open it in two tabs. Add a kite in one and watch the other. Change the theme.
   2. Restart me (Ctrl+C, npm start). The tabs reconnect, the baskets are still there.
   3. Post a plain form, as a page without JavaScript does. Copy the cookie connect.sid from
      your browser's developer tools, then watch the tabs while you run:
        curl -b 'connect.sid=PASTE' -d id=moth ${url}/cart/add
   4. Sign in, then sign out in one tab: every tab of that basket is closed at once.
   5. See the sessions themselves, live: ${url}/admin/sessions
   6. Open a private window: another basket, and neither sees the other.
`);
});

let closing = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    if (closing) process.exit(1); // asked twice
    closing = true;
    await shop.close();
    database.close();
    process.exit(0);
  });
}

function isLoopback(address = ""): boolean {
  return ["127.0.0.1", "::1", "::ffff:127.0.0.1"].includes(address);
}

/** Another name for this machine may be one that a foreign page gave it, to be read by that page. */
function isLocalName(host = ""): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

/** A secret of its own for each checkout, kept beside the data: without it no cookie would outlive a restart. */
function keptSecret(): string {
  const file = join(folder, "secret");
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}
