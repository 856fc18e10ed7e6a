// How many updates or reads each statement had that a store sent, by either client.

import type { PostgresClientLike } from "live-session/postgres";
import { vi } from "vitest";

export interface Sent {
  readonly updates: number[];
  readonly reads: number[];
}

/** Notes the statements of a client from now on. */
export function noteStatements(client: PostgresClientLike): Sent {
  const sent: Sent = { updates: [], reads: [] };
  const note = (text: string, values: readonly unknown[] = []) => {
    const [first] = values.map(String);
    if (text.includes("json_to_recordset")) sent.updates.push(JSON.parse(first as string).length);
    else if (/^UPDATE .*version = t.version \+ 1/s.test(text)) sent.updates.push(1);
    else if (!text.startsWith("SELECT json_build_array(t.key")) return;
    else if (text.includes("WHERE t.key = ANY")) sent.reads.push((first as string).split(",").length);
    else if (text.endsWith("WHERE t.key = $1::text")) sent.reads.push(1);
  };
  if ("unsafe" in client) {
    const { unsafe } = client;
    vi.spyOn(client, "unsafe").mockImplementation((text, values, options) => {
      note(text, values);
      return unsafe(text, values, options);
    });
  } else {
    const query = client.query.bind(client);
    vi.spyOn(client, "query").mockImplementation((given) => {
      note(given.text, given.values);
      return query(given);
    });
  }
  return sent;
}
