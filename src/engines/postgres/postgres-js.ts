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
  listen(
    channel: string,
    notified: (payload: string) => void,
    listening?: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
}

export function postgresJsEngine(sql: PostgresJsLike, { prepare }: EngineOptions): Engine {
  const registered = new Map<string, Promise<{ unlisten(): Promise<void> }>>();
  const listening = new Set<string>();
  let handlers: ListenHandlers | null = null;

  /** Once for each channel and for good: what listens again after a loss is the client. */
  function register(channel: string): Promise<unknown> {
    const again = registered.get(channel);
    if (again) return listening.has(channel) ? Promise.resolve() : again;
    const registration = sql.listen(
      channel,
      (payload) => handlers?.notify(channel, payload),
      () => {
        const lost = listening.has(channel) ? handlers : null;
        listening.add(channel);
        // Listening a second time: the connection was lost in between, which the client does not tell by itself.
        if (!lost) return;
        handlers = null;
        lost.lost();
      },
    );
    registered.set(channel, registration);
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
