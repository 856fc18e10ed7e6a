// The id of a session of @fastify/session renewed, before the handlers of a request.

import type { FastifySessionObject } from "@fastify/session";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sessionKey } from "../../core/ids.ts";
import { isMoved, Renewals } from "../shared/renewal.ts";
import type { Hub } from "../shared/working-copy.ts";
import type { FastifyStore } from "./store.ts";

type IdGenerator = (request?: FastifyRequest) => string;

export class FastifyRenewal {
  readonly #hub: Hub;
  readonly #store: FastifyStore;
  readonly #renewals: Renewals;
  readonly #generate: IdGenerator;
  /** The ids under which sessions are in the store already. */
  readonly #planned = new WeakMap<FastifyRequest, string>();

  /** @param every in ms */
  constructor(hub: Hub, store: FastifyStore, every: number, generate: IdGenerator) {
    this.#hub = hub;
    this.#store = store;
    this.#renewals = new Renewals(every);
    this.#generate = generate;
  }

  /** The id for the next session of a request. */
  idFor(request: FastifyRequest | undefined): string {
    const planned = request && this.#planned.get(request);
    if (planned === undefined) return this.#generate(request);
    this.#planned.delete(request as FastifyRequest);
    return planned;
  }

  /**
   * Renews the id of a request's session if that is due.
   *
   * @throws LiveSessionError `session_moved`, and what saving throws
   */
  async attend(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const session = request.session as FastifySessionObject | null;
    const copy = session?.sessionId ? this.#store.copyOf(sessionKey(session.sessionId), session) : undefined;
    if (!session || !copy?.known) return;
    const { key, age } = copy;
    const mode = request.headers["sec-fetch-mode"] as string | undefined;
    try {
      await this.#renewals.attend(this.#hub, { key, age, mode, response: reply.raw }, async () => {
        if (session.isModified()) await session.save(); // by a hook before this one
        const id = this.#generate(request);
        return this.#store.renew(copy, id, async () => {
          this.#planned.set(request, id);
          await session.regenerate(Object.keys(session).filter((name) => name !== "cookie"));
          await request.session.save(); // or the middleware would take the cookie of an unchanged session for a stale one
        });
      });
    } catch (error) {
      // Else the answer would send the old cookie once more.
      if (isMoved(error)) request.session = null as never;
      throw error;
    }
  }
}
