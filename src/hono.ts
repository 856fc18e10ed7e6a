// live-session/hono: sessions as a Hono middleware.

export { type HonoSessionOptions, honoSession, type SessionEnv } from "./http/hono/middleware.ts";
