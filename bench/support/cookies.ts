// The cookies of sessions, as express-session signs them.

import { createHmac } from "node:crypto";

export const secret = "a secret of the benchmark";

export function cookieOf(id: string): string {
  const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
}
