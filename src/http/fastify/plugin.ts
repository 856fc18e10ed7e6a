// The Fastify plugin: @fastify/session over the live sessions, and `request.liveSession`.

import fastifySession, { type FastifySessionObject, type FastifySessionOptions } from "@fastify/session";
import type { FastifyInstance, FastifyReply, FastifyRequest, Session as SessionData } from "fastify";
import type { AddressOf } from "../../core/address.ts";
import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError, unknownSession } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { generateSessionId, sessionKey } from "../../core/ids.ts";
import type { LiveSession } from "../../core/live-session.ts";
import type { Session } from "../../core/session-map.ts";
import { requireLateWrites, requireSessions } from "../shared/check.ts";
import { newcomers } from "../shared/newcomers.ts";
import type { Hub, LateWrites } from "../shared/working-copy.ts";
import { FastifyRenewal } from "./renewal.ts";
import { FastifyStore } from "./store.ts";

/** The session's data as declared for Fastify: `declare module "fastify" { interface Session extends Shop {} }`. */
export type FastifyData = Required<Omit<SessionData, "cookie">>;

/** The live session of a request, on demand. */
export interface RequestLiveSession {
  /**
   * Saves what this request changed so far, then attaches to its session, which is made if there is none yet. The
   * handle is detached when the response is over.
   *
   * @throws LiveSessionError as saving does, `unknown_session` once the request destroyed it, `session_ended`, `closed`
   */
  attach(): Promise<LiveSession<FastifyData>>;
  /**
   * The data as it is now, `null` if no live session is stored.
   *
   * @throws LiveSessionError `store_failed`
   */
  read(): Promise<Session<FastifyData> | null>;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The live session of this request: attached, or read, on demand. */
    readonly liveSession: RequestLiveSession;
  }
}

/** All options of @fastify/session but the store. */
export interface FastifyLiveSessionOptions extends Omit<FastifySessionOptions, "store"> {
  /** What `createLiveSessions` made. */
  readonly sessions: Hub & { attach(id: string): Promise<unknown>; read(id: string): Promise<unknown> };
  /**
   * What becomes of a save by a request that was overtaken by the end of its session. `"ignore"` drops it, `"error"`
   * also fails the request with `session_ended`. Either way the session stays gone. Default `"ignore"`. A write to one that
   * moved to a new id a moment ago is a `session_moved` error all the same.
   */
  readonly lateWrites?: LateWrites | undefined;
  /** Where a request comes from, for `limits.perAddress.sessions`. Default: `request.ip`, which goes by Fastify's `trustProxy`. */
  readonly address?: AddressOf<FastifyRequest> | undefined;
  /**
   * How long a session has one id. After that it goes on under a new one, with all that it has, and the response takes the
   * cookie along: one to a request that loads a page (Sec-Fetch-Mode) and is alone on this node, or to any once it is overdue
   * by as much again. Default: never.
   */
  readonly renewEvery?: Duration | undefined;
}

/**
 * `app.register(fastifyLiveSession, { sessions, secret, ... })`, in place of @fastify/session, which it registers.
 * @fastify/cookie comes before it.
 *
 * @throws LiveSessionError `bad_option`
 */
export async function fastifyLiveSession(
  app: FastifyInstance,
  { sessions, lateWrites = "ignore", address, renewEvery, ...options }: FastifyLiveSessionOptions,
): Promise<void> {
  requireSessions("fastifyLiveSession", sessions);
  requireLateWrites(lateWrites);
  if ("store" in options) throw new LiveSessionError("bad_option", "store: the sessions are the store, leave it out.");
  const store = new FastifyStore(sessions, lateWrites, newcomers(sessions, address));
  const replies = new WeakMap<FastifyRequest, FastifyReply>();
  app.addHook("onRequest", (request, reply, done) => {
    replies.set(request, reply);
    watchSession(request, store);
    done();
  });
  app.decorateRequest("liveSession", {
    getter(this: FastifyRequest) {
      return liveSessionOf(this, replies.get(this), store, sessions as unknown as LiveSessions<FastifyData>);
    },
  });
  if (renewEvery === undefined) {
    await app.register(fastifySession, { ...options, store });
    return;
  }
  const { idGenerator = generateSessionId } = options;
  const renewal = new FastifyRenewal(sessions, store, milliseconds(renewEvery, "renewEvery", 1000), idGenerator);
  await app.register(fastifySession, { ...options, store, idGenerator: (request) => renewal.idFor(request) });
  app.addHook("onRequest", (request, reply) => renewal.attend(request, reply));
}

// What fastify-plugin does: hooks and decorators are for the whole app, not for this plugin alone.
Object.assign(fastifyLiveSession, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "live-session",
});

/** Sees each session object that is assigned to the request: the one place where it meets the data it was loaded as. */
function watchSession(request: FastifyRequest, store: FastifyStore): void {
  let current: FastifySessionObject | null = request.session;
  Object.defineProperty(request, "session", {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(session: FastifySessionObject | null) {
      current = session;
      if (typeof session !== "object" || session === null) return;
      store.assigned(session, request);
      nameRegenerate(session, request, store);
    },
  });
}

/** A regenerated session ends as such, so that its live connections know that they may come back. */
function nameRegenerate(session: FastifySessionObject, request: FastifyRequest, store: FastifyStore): void {
  const { regenerate } = session as { regenerate?: (...given: unknown[]) => unknown };
  if (typeof regenerate !== "function") return;
  const value = (...given: unknown[]) => store.regenerating(request, () => regenerate.apply(session, given));
  Object.defineProperty(session, "regenerate", { value, configurable: true, writable: true, enumerable: false });
}

function liveSessionOf(
  request: FastifyRequest,
  reply: FastifyReply | undefined,
  store: FastifyStore,
  sessions: LiveSessions<FastifyData>,
): RequestLiveSession {
  return {
    async attach() {
      const session = request.session as FastifySessionObject | null;
      if (!session?.sessionId) throw unknownSession();
      const stored = store.copyOf(sessionKey(session.sessionId), session)?.known;
      if (!stored || session.isModified()) await session.save();
      const live = await sessions.attach(session.sessionId);
      if (reply?.raw.closed) live.detach();
      else reply?.raw.once("close", () => live.detach());
      return live;
    },
    async read() {
      const session = request.session as FastifySessionObject | null;
      return session?.sessionId ? sessions.read(session.sessionId) : null;
    },
  };
}
