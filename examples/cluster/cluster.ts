// `npm run example:cluster`: the shop on three processes behind a load balancer, sharing one engine. With `-- --load`
// another process sends shoppers.

import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { roundRobin } from "./proxy.ts";

const port = Number(process.env.PORT ?? 3000);
// All nodes must sign cookies alike.
const secret = process.env.SESSION_SECRET ?? randomBytes(32).toString("base64url");
/** Who has it may look at the sessions, and end them. */
const token = randomBytes(32).toString("base64url");
const running = new Set<ChildProcess>();
/** Those that are open, with their ports. */
const up = new Map<ChildProcess, number>();
let proxy: Server | undefined;
let closing = false;

const children: { readonly name: string; readonly child: ChildProcess; readonly port: number }[] = [];
// The first alone: if the engine is not there, one says so.
children.push(await start("A"));
children.push(...(await Promise.all(["B", "C"].map(start))));

const server = roundRobin(() => [...up.values()]);
proxy = server;
server.on("error", async (error: NodeJS.ErrnoException) => {
  console.error(error.code === "EADDRINUSE" ? `Port ${port} is taken. Choose another: PORT=3001` : error);
  await end(1);
});
server.listen(port, () => {
  const { port: taken } = server.address() as { port: number };
  const lines = children.map(
    ({ name, child, port }) => `   Node ${name}: http://127.0.0.1:${port}, process ${child.pid}`,
  );
  console.log(`
  Gale & Daughters, on three nodes and ${process.env.ENGINE ?? "sqlite"}: http://localhost:${taken}

${lines.join("\n")}

  Each request and each socket goes to the next node. Try this:
   1. Open the shop in two tabs, and add a kite in one.
   2. Kill a node (kill -9 and its process). Its tabs reconnect to another, the basket is there.
   3. See the sessions themselves, live, on all nodes: http://localhost:${taken}/admin/sessions/${token}/
   4. Sign in, then sign out: the tabs are closed, on whatever node they are.
`);
  if (process.argv.includes("--load")) sendShoppers(`http://localhost:${taken}`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(0));

async function start(name: string) {
  const child = fork(fileURLToPath(new URL("node.ts", import.meta.url)), {
    execArgv: ["--import", "tsx"],
    env: { ...process.env, SESSION_SECRET: secret, DASHBOARD_TOKEN: token, NODE: name },
  });
  running.add(child);
  child.once("exit", () => {
    running.delete(child);
    if (up.delete(child) && !closing) console.log(`  Node ${name} is gone; the others go on.`);
  });
  // One that ends before it is open has said why.
  const told = await Promise.race([once(child, "message"), once(child, "exit").then(() => null)]);
  if (!told) return end(1);
  const [port] = told as [number];
  up.set(child, port);
  return { name, child, port };
}

function sendShoppers(url: string): void {
  const load = fork(fileURLToPath(new URL("load.ts", import.meta.url)), [url], { execArgv: ["--import", "tsx"] });
  running.add(load);
  load.once("exit", () => running.delete(load));
}

async function end(code: number): Promise<never> {
  if (closing) await new Promise(() => {}); // the first call ends the process
  closing = true;
  proxy?.close();
  const gone = [...running].map((child) => once(child, "exit"));
  for (const child of running) child.kill("SIGTERM");
  await Promise.all(gone);
  process.exit(code);
}
