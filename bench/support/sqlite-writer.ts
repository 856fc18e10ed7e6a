// A process that writes the time to a session in a shared SQLite file. argv: file, key. Ordered a number of writes, it does
// one each 2 ms.

import { setTimeout } from "node:timers/promises";
import Database from "libsql";
import { createLiveSessions, type SessionKey } from "live-session";
import { sqlite } from "live-session/sqlite";
import { obey, sharedNow } from "./processes.ts";

const [path = "", key = ""] = process.argv.slice(2);
const sessions = createLiveSessions<{ at: number }>({ ...sqlite({ database: new Database(path) }) });
const live = await sessions.attachKey(key as SessionKey);

obey(null, async (writes: number) => {
  for (let index = 0; index < writes; index++) {
    await live.put("at", sharedNow());
    await setTimeout(2);
  }
});
