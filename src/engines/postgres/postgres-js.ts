// The client `postgres` (postgres.js): it listens on a connection of its own, which it replaces by itself when it breaks.

import type { Engine, EngineOptions, ListenHandlers } from "./engine.ts";
import { clearer } from "./failures.ts";

/** What is used of the `sql` function of `postgres` 3. */
export interface PostgresJsLike {
  // The template form is not used; it is here because a client is told by being a function.
  (template: TemplateStringsArray, ...values: never[]): unknown;
  unsafe(
    text: string,
    values?: (string | null)[],
    options?: { readonly prepare?: boolean },
  ): { values(): PromiseLike<readonly unknown[][]>; simple(): PromiseLike<unknown> };
  readonly listen: {
    (
      channel: string,
      notified: (payload: string) => void,
      listening?: () => void,
    ): Promise<{ unlisten(): Promise<void> }>;
    /** Not of its documented interface: what it listens to, by name, and the client of one connection that does it. */
    channels?: Record<string, unknown>;
    sql?: { end(options: { timeout: number }): Promise<void> } | undefined;
  };
}

export function postgresJsEngine(sql: PostgresJsLike, { prepare }: EngineOptions): Engine {
  const registered = new Map<string, Promise<{ unlisten(): Promise<void> }>>();
  const listening = new Set<string>();
  /** Channels that the client by itself listens to again, after a loss that it was the first to see. */
  const renewed = new Set<string>();
  let handlers: ListenHandlers | null = null;

  /** Once for each channel: after a loss the client listens again by itself. */
  function register(channel: string): Promise<unknown> {
    if (registered.has(channel) && renewed.delete(channel)) return Promise.resolve();
    forget(channel);
    return fresh(channel);
  }

  function forget(channel: string): void {
    if (registered.delete(channel)) delete sql.listen.channels?.[channel];
    listening.delete(channel);
  }

  /**
   * Has the client listen on another connection. By itself it tries just once after a loss and keeps quiet about failing;
   * it does not see that a connection fell silent; and where it connects again for several channels at once it may lose
   * one of its own queries, which then is never answered.
   */
  function replaceConnection(): void {
    const { sql: old } = sql.listen;
    sql.listen.sql = undefined;
    old?.end({ timeout: 0 }).catch(() => {});
  }

  function fresh(channel: string): Promise<unknown> {
    const registration: Promise<{ unlisten(): Promise<void> }> = sql.listen(
      channel,
      (payload) => handlers?.notify(channel, payload),
      () => {
        if (registered.get(channel) !== registration) return;
        const lost = listening.has(channel) ? handlers : null;
        listening.add(channel);
        // Listening a second time: the connection was lost in between, which the client does not tell by itself.
        if (!lost) return;
        renewed.add(channel);
        handlers = null;
        lost.lost();
      },
    );
    registered.set(channel, registration);
    registration.catch(() => {
      if (registered.get(channel) !== registration) return;
      registered.delete(channel);
      delete sql.listen.channels?.[channel];
    });
    return registration;
  }

  return {
    async query({ text }, values) {
      try {
        const rows = await sql.unsafe(text, [...values], { prepare }).values();
        return rows.map(([column]) => column as string);
      } catch (error) {
        throw clearer(error);
      }
    },

    async script(text) {
      try {
        await sql.unsafe(text).simple();
      } catch (error) {
        throw clearer(error);
      }
    },

    async listen(channels, given) {
      const known = channels.filter((channel) => registered.has(channel));
      // It was us who noticed that nothing is heard, or that there is no answer, unless the client says that it is back.
      if (known.length > 0 && !known.some((channel) => renewed.has(channel))) {
        known.forEach(forget);
        replaceConnection();
      }
      try {
        await Promise.all(channels.map(register));
      } catch (error) {
        throw clearer(error);
      }
      handlers = given;
      return () => {
        if (handlers === given) handlers = null;
      };
    },

    async close() {
      handlers = null;
      const all = [...registered.values()];
      registered.clear();
      for (const registration of all) {
        // Where the server is away there is nothing to end.
        const ended = registration.then(({ unlisten }) => unlisten());
        ended.catch(() => {});
      }
    },
  };
}
