// A process that writes the time to a session in a shared SQLite file. argv: file, key, writes.

import { setTimeout } from "node:timers/promises";
import Database from "libsql";
import { createLiveSessions, type SessionKey } from "live-session";
import { sqlite } from "live-session/sqlite";

const [path = "", key = "", writes = ""] = process.argv.slice(2);
const database = new Database(path);
const sessions = createLiveSessions<{ at: number }>({ ...sqlite({ database }) });
const live = await sessions.attachKey(key as SessionKey);
for (let index = 0; index < Number(writes); index++) {
  await live.put("at", performance.timeOrigin + performance.now());
  await setTimeout(2);
}
await sessions.close();
database.close();
