// SvelteKit: src/hooks.server.ts, with `interface Locals { session: FetchSession<Shop> }` in src/app.d.ts

import type { FetchSession } from "live-session/fetch";
import { type Shop, web } from "./session.ts";

interface HandleInput<Event> {
  event: Event;
  resolve(event: Event): Response | Promise<Response>;
}

/** In an app: `export const handle: Handle = async ({ event, resolve }) => ...` */
export async function handle<Event extends { request: Request; locals: { session?: FetchSession<Shop> } }>({
  event,
  resolve,
}: HandleInput<Event>): Promise<Response> {
  const session = web.open(event.request);
  event.locals.session = session;
  return session.commitTo(await resolve(event));
}
