// Several nodes on one SQLite file, each with a connection of its own: no update is lost, ends are final.

import { sqlite } from "live-session/sqlite";
import { onTestFinished } from "vitest";
import { nodesSuite } from "../support/nodes-suite.ts";
import { openLibsql, temporaryFile } from "../support/sqlite.ts";

nodesSuite({
  name: "SQLite",
  async open() {
    const { path, remove } = temporaryFile();
    onTestFinished(remove);
    const make = () => {
      const database = openLibsql(path);
      return { ...sqlite({ database }), close: () => database.close() };
    };
    return [make(), make()];
  },
});
