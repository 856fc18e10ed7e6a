// The id of a session of koa-session renewed, behind the unmodified middleware.

import type { ServerResponse } from "node:http";
import { LiveSessionError } from "../../core/errors.ts";
import { isMoved, Renewals, type RenewSessionOptions, readRenewal } from "../shared/renewal.ts";
import { movers } from "./store.ts";

/** What is used of Koa's context. koa-session adds the session and its options, those of this request. */
interface Context {
  readonly req: { readonly headers: { readonly "sec-fetch-mode"?: string | undefined } };
  readonly res: ServerResponse;
  session: { save(): Promise<void>; regenerate(): Promise<void> } | null;
  readonly sessionOptions?: { readonly store?: object; genid?: (ctx: object) => string } | undefined;
}

/**
 * Right after koa-session: `app.use(session({ store: koaStore(sessions), ... }, app)).use(renewSession({ every: "15m" }))`. A
 * session that has had its id for so long goes on under a new one, with all that it has, and this response takes the cookie
 * along. That is for requests that load a page (Sec-Fetch-Mode) and are alone on this node; others renew it only once it is
 * overdue by as much again.
 *
 * Where the store fails, the session stays under its old id, and `onError` is told.
 *
 * @throws LiveSessionError `bad_option`; its middleware also `session_moved`
 */
export function renewSession(
  options: RenewSessionOptions,
): (ctx: object, next: () => Promise<unknown>) => Promise<void> {
  const renewals = new Renewals(readRenewal(options));
  return async (given, next) => {
    const ctx = given as Context;
    const mover = ctx.sessionOptions?.store && movers.get(ctx.sessionOptions.store);
    if (!mover)
      throw new LiveSessionError("bad_option", "renewSession: goes after koa-session with the store of koaStore.");
    const copy = mover.copyOf(ctx);
    const { session, sessionOptions, res: response } = ctx;
    if (session && copy?.known) {
      const { key, age } = copy;
      const attended = renewals.attend(
        mover.hub,
        { key, age, mode: ctx.req.headers["sec-fetch-mode"], response },
        async () => {
          await session.save(); // what was changed before it came here
          const id = sessionOptions?.genid?.(ctx) as string;
          if (!(await mover.move(ctx, copy, id))) return false;
          await goOnAs(ctx, id);
          return true;
        },
      );
      await attended.catch((error) => {
        if (isMoved(error)) mover.leave(ctx);
        throw error;
      });
    }
    await next();
  };
}

/** Has koa-session do what the store did: with the id that is given to it, it destroys and saves what is so already. */
async function goOnAs({ session, sessionOptions }: Context, id: string): Promise<void> {
  const options = sessionOptions as NonNullable<Context["sessionOptions"]>;
  const { genid } = options;
  options.genid = () => id;
  try {
    await session?.regenerate();
  } finally {
    options.genid = genid as NonNullable<typeof genid>;
  }
}
