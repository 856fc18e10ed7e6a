import type LibSql from "libsql";
import type { createLiveSessions as create } from "live-session";

declare global {
  interface Shop {
    cart: string[];
  }
  const Database: typeof LibSql;
  const createLiveSessions: typeof create;
}
