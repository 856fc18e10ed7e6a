// Sealed sessions into live ones, each once.

import { LiveSessionError } from "../../core/errors.ts";
import { type SessionKey, sessionKey } from "../../core/ids.ts";
import type { JsonObject } from "../../core/store.ts";
import type { Former } from "../shared/former.ts";
import type { Hub } from "../shared/working-copy.ts";
import type { SealedCookies } from "./cookies.ts";
import type { SealedSession } from "./seal.ts";

/** For `moveFrom`: an app's sealed cookies as what sessions come from. */
export function formerCookies(cookies: SealedCookies): Former {
  const { cookie, clock } = cookies.settings;
  return {
    cookie,
    name: (secure) => cookies.name(secure),
    isSecure: (url) => cookies.isSecure(url),
    removal: (secure) => cookies.removal(secure),
    find(header, secure) {
      const session = cookies.find(header, secure)?.session;
      if (!session) return null;
      const left = () => session.deadline - clock.now();
      const arrive = (hub: Hub, meta: JsonObject | null = null) => move(hub, session, Math.max(left(), 1), meta);
      return { id: session.id, maxAge: session.kept ? session.lifetime : null, arrive };
    },
  };
}

/**
 * The live session keeps the id that is in the seal, so that requests that come at the same time make one record: the
 * first creates it, and the others find it. But the cookie opens for longer than a store remembers an end. So that it
 * happens once, a second record says that it did, for as long as any cookie of this session can open, which is until the
 * deadline. It comes after the session's: if the process dies in between, the next request goes on with both.
 */
async function move(hub: Hub, sealed: SealedSession, left: number, meta: JsonObject | null): Promise<void> {
  const { records } = hub;
  const key = sessionKey(sealed.id);
  const markKey = sessionKey(`moved: ${sealed.id}`);
  if ((await records.read(markKey)).state !== "missing") return;
  const created = await create(hub, key, sealed, left, meta);
  if (created === null) return;
  const facts = { lifetime: left, deadline: left, meta: { moved: created.incarnation } };
  const marked = await records.commit(markKey, { mode: "create", put: {}, delete: [], ...facts });
  if (marked.ok || !created.isNew) return;
  // Another request moved it since. That may well have been this record; or one that is over and forgotten by now.
  const found = await records.read(markKey);
  const isThis = found.state === "live" && found.record.meta?.moved === created.incarnation;
  if (!isThis) await records.end(key, "destroyed");
}

interface Created {
  /** `null` for a session that is over. */
  readonly incarnation: string | null;
  readonly isNew: boolean;
}

/** The live session under this key, made if there is none; `null` if it cannot be. */
async function create(
  hub: Hub,
  key: SessionKey,
  { data, lifetime }: SealedSession,
  deadline: number,
  meta: JsonObject | null,
): Promise<Created | null> {
  const { records, writer, report } = hub;
  try {
    const checked = await writer.checked({}, { put: data, delete: [] });
    const result = await records.commit(key, { mode: "create", ...checked, lifetime, deadline, meta });
    if (result.ok) return { incarnation: result.incarnation, isNew: true };
    if (result.why !== "exists" && result.why !== "ended") throw writer.refusal(result);
  } catch (error) {
    // What the app no longer takes as a session cannot be moved by trying again: the visitor starts anew, and it is told.
    if (!(error instanceof LiveSessionError) || !refusals.has(error.code)) throw error;
    report(error, { stage: "move", key });
    return null;
  }
  const found = await records.read(key);
  return { incarnation: found.state === "live" ? found.record.incarnation : null, isNew: false };
}

const refusals: ReadonlySet<string> = new Set(["too_large", "invalid_data"]);
