// One module that the recipes share.

import { createLiveSessions } from "live-session";
import { fetchSessions } from "live-session/fetch";

export interface Shop {
  cart: string[];
  flash: string;
}

export const sessions = createLiveSessions<Shop>();
export const web = fetchSessions(sessions, { secret: process.env.SESSION_SECRET ?? "only for development" });
