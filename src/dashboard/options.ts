// Options of createDashboard, read once at start.

import type { IncomingMessage } from "node:http";
import { hostname } from "node:os";
import type { SessionBus } from "../core/bus.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import type { SessionKey } from "../core/ids.ts";
import type { MaybePromise } from "../core/store.ts";
import { isName, LONGEST_NAME } from "./heard.ts";

/** What is used of the live sessions, whatever their data is. */
export type Hub = Pick<
  LiveSessions<Record<string, unknown>>,
  "records" | "clock" | "report" | "attached" | "connections" | "attachKey"
>;

/** What `authorize` is given: the request as the framework has it. */
export type DashboardRequest = IncomingMessage | Request;

export interface DashboardOptions<Asking extends DashboardRequest = DashboardRequest> {
  /**
   * Who may use the dashboard: called for every request, also that of its event stream and of its files. Only `true` lets
   * in. With what it throws, nobody is let in, and `onError` hears of it.
   */
  readonly authorize: (request: Asking) => MaybePromise<boolean>;
  /**
   * Whether the value of a session's key may be shown. Default: none is; types and sizes are.
   */
  readonly reveal?: ((key: SessionKey, name: string) => boolean) | undefined;
  /**
   * The bus that the sessions have: nodes that have a dashboard tell each other their figures over it while one is open.
   * Default: none, and each shows its own.
   */
  readonly bus?: SessionBus | undefined;
  /**
   * What this node is called. Default: host name and process id. `null`: it serves none of the app's visitors, as an admin's
   * tool does, and shows the other nodes' figures alone; `bus` must be given.
   */
  readonly node?: string | null | undefined;
}

export type ReadDashboardOptions = Required<Omit<DashboardOptions, "bus">> & { readonly bus: SessionBus | null };

const known: readonly (keyof DashboardOptions)[] = ["authorize", "reveal", "bus", "node"];

/** @throws LiveSessionError `bad_option` */
export function readDashboardOptions<Asking extends DashboardRequest>(
  options: DashboardOptions<Asking>,
): ReadDashboardOptions {
  const { authorize, reveal = () => false, bus, node = `${hostname()}:${process.pid}` } = options ?? {};
  if (typeof authorize !== "function") {
    throw bad(
      "authorize: say who may use the dashboard, with a function of the request. It is not mounted without one.",
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name as keyof DashboardOptions)) throw bad(`There is no option "${name}".`);
  }
  if (typeof reveal !== "function") throw bad("reveal: no function.");
  if (node === null ? bus === undefined : !isName(node)) {
    throw bad(`node: a name of 1 to ${LONGEST_NAME} characters, or null where there is a bus.`);
  }
  if (bus !== undefined && typeof bus?.subscribe !== "function") throw bad("bus: no bus.");
  return { authorize: authorize as ReadDashboardOptions["authorize"], reveal, bus: bus ?? null, node };
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
