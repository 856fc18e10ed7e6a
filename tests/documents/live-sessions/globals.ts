import type * as root from "live-session";

declare global {
  interface Shop {
    cart: string[];
  }
  type Session<Data extends object> = root.Session<Data>;
  type EndReason = root.EndReason;
  type LiveStatus = root.LiveStatus;
}
