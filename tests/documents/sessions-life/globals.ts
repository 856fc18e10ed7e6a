import type { LiveClient } from "live-session/client";

declare global {
  const live: LiveClient<typeof import("../README/server.ts").shop>;
  const notice: HTMLElement;
}
