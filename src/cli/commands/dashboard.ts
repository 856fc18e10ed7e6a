// `live-session dashboard`: the dashboard of an engine's sessions, from outside the app.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readAssets } from "../../dashboard/assets.ts";
import { Dashboard } from "../../dashboard/dashboard.ts";
import { readDashboardOptions } from "../../dashboard/options.ts";
import { Gate } from "../dashboard/gate.ts";
import { CliError, type ExitCode, exitCodes, explain, usage } from "../failures.ts";
import { hubOf } from "../hub.ts";
import { retentionOf, wholeNumber } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { interrupted, whyNotServed } from "../serving.ts";
import { type Sessions, type StoreOptions, withEngine } from "../stores/open.ts";

export interface DashboardCommandOptions extends StoreOptions {
  readonly port: string;
  readonly host: string;
  readonly allowRemote?: boolean;
  readonly reveal?: boolean;
  readonly retention: string;
  readonly json?: boolean;
}

/** Runs until it is interrupted. */
export function dashboard(options: DashboardCommandOptions): Promise<ExitCode> {
  const output = outputOf(options);
  const port = wholeNumber(options.port, "--port", 0, 65_535);
  const retention = retentionOf(options.retention);
  const isRemote = !isLoopback(options.host);
  if (isRemote && !options.allowRemote) {
    throw usage(
      `--host ${options.host} lets other machines in, over a connection that anyone on the way can read: say so with --allow-remote, or use a tunnel (ssh -L).`,
    );
  }
  const assets = builtAssets();
  const stopped = interrupted();
  return withEngine(options, async (engine) => {
    const sessions = await engine.sessions({ retention });
    const gate = new Gate(options.host);
    const served = serve(sessions, { assets, gate, reveal: options.reveal === true, say: output.remark });
    try {
      const taken = await listening(served.server, port, options.host);
      const url = gate.url(taken);
      output.result({ url }, () => greeting(url));
      if (isRemote) output.remark("Other machines can reach it, and whoever reads the connection has the token, too.");
      await stopped;
    } finally {
      await served.close();
    }
    return exitCodes.done;
  });
}

interface ServeOptions {
  readonly assets: ReturnType<typeof readAssets>;
  readonly gate: Gate;
  readonly reveal: boolean;
  /** Takes what fails meanwhile. */
  readonly say: (text: string) => void;
}

function serve(sessions: Sessions, { assets, gate, reveal, say }: ServeOptions) {
  const hub = hubOf(sessions, (error) => say(explain(error).text));
  // Whoever got through the gate may do all that the other commands can.
  const options = { authorize: () => true, reveal: () => reveal, bus: sessions.bus, node: null };
  const page = new Dashboard(hub, readDashboardOptions(options), assets);
  const server = createServer((request, response) => {
    if (gate.admits(request, response)) page.handle(request, response);
  });
  return {
    server,
    async close(): Promise<void> {
      await page.close();
      server.closeAllConnections();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
      await hub.close();
    },
  };
}

/** The port that it listens at. */
async function listening(server: Server, port: number, host: string): Promise<number> {
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    throw whyNotServed(error, "dashboard", port);
  }
  return (server.address() as AddressInfo).port;
}

/** Where the build puts them, seen from the command's own file. */
function builtAssets(): ReturnType<typeof readAssets> {
  const folder = new URL("./dashboard/assets/", import.meta.url);
  if (existsSync(folder)) return readAssets(folder);
  throw new CliError(
    "not_built",
    exitCodes.failed,
    "The dashboard's page comes with the built package: npm run build, then node dist/cli.js",
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function greeting(url: string): string {
  return `
  The dashboard is open: ${url}

  Whoever has this URL can read and end sessions, for as long as the command runs. Ctrl+C closes it.
`;
}
