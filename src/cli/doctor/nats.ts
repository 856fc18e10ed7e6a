// NATS: its version, and how the bucket keeps what it was given. See docs/drivers/nats.md.

import type { StreamConfigLike } from "../../engines/nats/client.ts";
import type { NatsServerInfo } from "../stores/nats.ts";
import { atLeast, expect, type Finding, note, ok, problem } from "./findings.ts";

const OLDEST = "2.9";

export async function examineNats(
  info: NatsServerInfo,
  bucket: string,
  stream: () => Promise<StreamConfigLike | null>,
): Promise<Finding[]> {
  const findings = [
    expect(
      atLeast(info.version, OLDEST),
      "version",
      `nats-server ${info.version}`,
      `nats-server ${OLDEST} or newer is needed.`,
    ),
  ];
  if (info.jetstream === false) {
    return [
      ...findings,
      problem(
        "jetstream",
        "JetStream is off",
        "Start the server with -js, or with a jetstream block in its configuration.",
      ),
    ];
  }
  const config = await stream();
  if (!config)
    return [
      ...findings,
      problem(
        "bucket",
        `there is no bucket "${bucket}"`,
        "An app makes it at its first use: start it, or give --bucket.",
      ),
    ];
  return [
    ...findings,
    ok("bucket", `the bucket "${bucket}" is there`),
    ...bucketFindings(config, info.cluster),
    clockNote,
  ];
}

function bucketFindings(config: StreamConfigLike, cluster: string | undefined): Finding[] {
  const anew = "Make the bucket anew";
  const replicas = config.num_replicas;
  const forgets = config.max_age > 0;
  const drops = config.discard !== "new" && (config.max_msgs > 0 || config.max_bytes > 0);
  const refuses = config.deny_delete || config.deny_purge;
  return [
    expect(
      config.storage === "file",
      "storage",
      `the bucket is kept in ${config.storage}`,
      `${anew}, with storage: "file": in memory all sessions are gone when the servers stop.`,
    ),
    cluster !== undefined && replicas < 3
      ? problem(
          "replicas",
          `the cluster "${cluster}" keeps each session on ${replicas} server`,
          "nats stream edit --replicas 3: with that server its sessions are gone.",
        )
      : ok("replicas", `each session is on ${replicas} ${replicas === 1 ? "server, the only one" : "servers"}`),
    expect(
      !forgets,
      "max_age",
      forgets ? "the bucket forgets by itself (max_age)" : "nothing is forgotten by itself",
      `${anew} without max_age: ends would be forgotten too early. The store refuses this one.`,
    ),
    expect(
      !drops,
      "discard",
      drops ? "full, the bucket drops the oldest sessions" : "full, the bucket refuses writes",
      `${anew} with discard: new. The store refuses this one.`,
    ),
    expect(
      !refuses,
      "deny",
      refuses ? "nothing may be removed from the bucket" : "what is over may be removed",
      `${anew} without deny_delete and deny_purge. The store refuses this one.`,
    ),
    expect(
      !config.allow_direct,
      "direct",
      config.allow_direct ? "replicas answer reads (allow_direct)" : "only the leader answers reads",
      "nats stream edit --no-allow-direct: replicas may be behind.",
    ),
  ];
}

const clockNote = note(
  "clock",
  "NATS has no clock to compare with: each node goes by its own",
  "Keep the nodes in step by NTP.",
);
