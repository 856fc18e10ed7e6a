import type { LiveSessions } from "live-session";

declare global {
  const sessions: LiveSessions<{ cart: string[] }>;
  const id: string;
}
