import type { LiveClient } from "live-session/client";
import type { shop } from "./server.ts";

declare global {
  const live: LiveClient<typeof shop>;
  function render(status: string, view: unknown): void;
}
