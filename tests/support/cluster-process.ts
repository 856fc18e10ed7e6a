// The cluster as `npm run example:cluster` runs it, in processes of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { root } from "./repository.ts";

export interface Cluster {
  /** Of the load balancer, then of the nodes. */
  readonly url: string;
  readonly nodes: readonly { readonly url: string; readonly pid: number }[];
  /** Of its dashboard, through the load balancer. */
  readonly dashboard: string;
  /** Resolves when it printed this. */
  printed(text: string): Promise<void>;
  /** Ends it by its process id; gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the cluster and waits until it is open. Rejects with what it printed if it ends before. */
export async function startCluster(environment: Record<string, string>, ...words: string[]): Promise<Cluster> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/cluster/cluster.ts", ...words], {
    cwd: root,
    env: { ...process.env, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      heard();
    });
  }

  function printed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (output.includes(text)) resolve();
      };
      heard = look;
      child.once("close", () => reject(new Error(output)));
      look();
    });
  }

  await printed("on whatever node they are");
  const urls = [...output.matchAll(/http:\/\/[^\s,]+/g)].map(([url]) => url);
  const pids = [...output.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
  return {
    url: urls[0] as string,
    dashboard: urls.find((url) => url.includes("/admin/sessions/")) as string,
    nodes: pids.map((pid, index) => ({ pid, url: urls[index + 1] as string })),
    printed,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill(signal);
        await gone;
      }
      return child.exitCode;
    },
  };
}
