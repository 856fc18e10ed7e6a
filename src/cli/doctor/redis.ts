// Redis: its version, whether it keeps what it was given, and its clock. See docs/drivers/redis.md.

import { atLeast, clockFinding, expect, type Finding, note, ok, problem } from "./findings.ts";

type Ask = (...args: string[]) => Promise<unknown>;

const OLDEST = "6.2";

export async function examineRedis(ask: Ask, url: string): Promise<Finding[]> {
  const info = infoOf(String(await ask("INFO")));
  const version = info.redis_version ?? "";
  const before = Date.now();
  const [seconds, microseconds] = (await ask("TIME")) as [string, string];
  const clock = clockFinding(before, Number(seconds) * 1_000 + Number(microseconds) / 1_000, Date.now());
  return [
    expect(
      atLeast(version, OLDEST),
      "version",
      `Redis ${version || "of an unknown version"}`,
      `Redis ${OLDEST} or newer is needed.`,
    ),
    expect(
      info.role !== "slave",
      "role",
      info.role === "slave" ? "this is a replica" : "this is a primary",
      "Sessions are written: give the primary, or a client of Sentinel.",
    ),
    await evictionOf(ask, info),
    ...(await persistenceOf(ask, info)),
    clock,
    transportOf(url),
  ];
}

async function evictionOf(ask: Ask, info: Info): Promise<Finding> {
  const policy = info.maxmemory_policy ?? (await configOf(ask, "maxmemory-policy"));
  if (policy === null) return note("eviction", "maxmemory-policy could not be read");
  const mend =
    "CONFIG SET maxmemory-policy noeviction: full, Redis would drop sessions, and ends that must be remembered.";
  return expect(policy === "noeviction", "eviction", `maxmemory-policy is ${policy}`, mend);
}

async function persistenceOf(ask: Ask, info: Info): Promise<Finding[]> {
  const append = info.aof_enabled;
  if (append === undefined) return [note("persistence", "whether appendonly is on could not be read")];
  if (append !== "1") {
    const mend = "CONFIG SET appendonly yes: after a crash logins and logouts since the last snapshot would be undone.";
    return [problem("persistence", "appendonly is no", mend)];
  }
  const findings = [
    expect(
      info.aof_last_write_status !== "err",
      "persistence",
      info.aof_last_write_status === "err"
        ? "appendonly is yes, but the last write to disk failed"
        : "appendonly is yes",
      "Look for a full or broken disk: Redis refuses writes meanwhile.",
    ),
  ];
  const sync = await configOf(ask, "appendfsync");
  if (sync === null) findings.push(note("fsync", "appendfsync could not be read: CONFIG is not allowed"));
  else if (sync === "always") findings.push(ok("fsync", "appendfsync is always"));
  else if (sync === "everysec")
    findings.push(ok("fsync", "appendfsync is everysec: a power failure may undo about a second"));
  else
    findings.push(
      problem(
        "fsync",
        `appendfsync is ${sync}`,
        "CONFIG SET appendfsync everysec, or always where no logout may be lost.",
      ),
    );
  return findings;
}

/** A password in the clear, on the way to another machine. */
function transportOf(url: string): Finding {
  const { protocol, hostname } = new URL(url);
  const near = /^(localhost|127\..*|\[::1\])$/.test(hostname) || hostname === "";
  if (protocol === "rediss:" || near) return ok("transport", near ? "on this machine" : "encrypted");
  return note(
    "transport",
    "redis:// to another machine is not encrypted",
    "Use rediss://, unless the network is yours alone.",
  );
}

type Info = Readonly<Record<string, string | undefined>>;

function infoOf(text: string): Info {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  );
}

/** `null` where it is not allowed, as on many hosted servers. */
async function configOf(ask: Ask, name: string): Promise<string | null> {
  try {
    const reply = (await ask("CONFIG", "GET", name)) as string[];
    return reply[1] ?? null;
  } catch {
    return null;
  }
}
