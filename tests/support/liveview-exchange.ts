// A recorded exchange between the official client in a browser and the workbench, in the order in which it went.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../fixtures/liveview-exchange.jsonl", import.meta.url));

/** `["client" | "server", frame]`, with names in the place of what is another at each time. */
export type Exchange = readonly (readonly [from: "client" | "server", frame: unknown])[];

export function readExchange(): Exchange {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

export function writeExchange(exchange: Exchange): void {
  writeFileSync(file, exchange.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
}

/** What is another at each time, by the name that stands for it. */
export type Names = Readonly<Record<"ID" | "SESSION" | "CSRF" | "URL", string>>;

export function named(text: string, names: Names): unknown {
  let out = text;
  for (const [name, value] of Object.entries(names)) out = out.replaceAll(value, `{${name}}`);
  return JSON.parse(out);
}

export function filled(frame: unknown, names: Names): string {
  let out = JSON.stringify(frame);
  for (const [name, value] of Object.entries(names)) out = out.replaceAll(`{${name}}`, value);
  return out;
}
