// live-session/hono: sessions as a Hono middleware.

export { honoSession, type SessionEnv } from "./http/hono/middleware.ts";
