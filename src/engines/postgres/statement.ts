// Statements whose parameters have names, and are text whatever they mean: no client's serialiser can bend them.

import { createHash } from "node:crypto";
import type { Engine } from "./engine.ts";

export type Values = Readonly<Record<string, string | number | null | undefined>>;

/** SQL that gives one column of text. */
export interface Statement {
  /** The same name always means the same text; for the server's prepared statements. */
  readonly name: string;
  readonly text: string;
  /** The names of the parameters, in the order of their numbers. */
  readonly parameters: readonly string[];
}

const PARAMETER = /\$([a-z]\w*)/gi;

/** @param sql with parameters such as `$key`, each used wherever it is wanted */
export function statement(name: string, sql: string): Statement {
  const parameters: string[] = [];
  const text = sql.replace(PARAMETER, (_, parameter: string) => {
    if (!parameters.includes(parameter)) parameters.push(parameter);
    return `$${parameters.indexOf(parameter) + 1}::text`;
  });
  const digest = createHash("sha256").update(text).digest("base64url").slice(0, 12);
  return { name: `live_session_${name}_${digest}`, text, parameters };
}

/** SQL with parameters as it stands in a statement over many: each parameter is a column of `item`. */
export function ofItem(sql: string): string {
  return sql.replace(PARAMETER, 'item."$1"');
}

/** The rows of `item`, of what `encodeItems` made. */
export function itemsFor(sql: string): string {
  const columns = new Set([...sql.matchAll(PARAMETER)].map(([, parameter]) => `"${parameter}" text`));
  return `json_to_recordset($items::json) AS item (${[...columns].join(", ")})`;
}

/** The parameter `$items`: the values of many. */
export function encodeItems(items: readonly Values[]): string {
  // Text here, too: JSON has no NaN, for one, and would make it NULL.
  return JSON.stringify(items, (_, value: unknown) => (typeof value === "number" ? String(value) : value));
}

/** The first column of each row. What is undefined is NULL. */
export function run(engine: Engine, { name, text, parameters }: Statement, values: Values = {}): Promise<string[]> {
  const ordered = parameters.map((parameter) => {
    const value = values[parameter];
    return value === undefined || value === null ? null : String(value);
  });
  return engine.query({ name, text }, ordered);
}
