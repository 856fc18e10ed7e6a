import type { createLiveSessions as create, memoryStore as store } from "live-session";

declare global {
  const createLiveSessions: typeof create;
  const memoryStore: typeof store;
}
