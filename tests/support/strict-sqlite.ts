// libsql by the rules of better-sqlite3, whose interface it has and which is stricter: what better-sqlite3 would refuse
// is refused here, too. (It compiles native code when it is installed, so it is not among our packages.)

import Libsql from "libsql";
import type { SqliteStatementLike } from "live-session/sqlite";
import type { TestDatabase } from "./sqlite.ts";

export function openStrict(path: string): TestDatabase {
  const database = new Libsql(path);
  let open = true;
  const check = () => {
    if (!open) throw new TypeError("The database connection is not open");
  };
  return {
    exec(sql) {
      check();
      return database.exec(sql);
    },
    prepare(sql) {
      check();
      return strictStatement(database, sql, check);
    },
    close() {
      open = false;
      database.close();
    },
  };
}

function strictStatement(database: Libsql.Database, sql: string, check: () => void): SqliteStatementLike {
  const statement = database.prepare(sql);
  const parameters = sql.match(/\?/g)?.length ?? 0;
  const checkCall = (values: readonly unknown[]) => {
    check();
    if (values.length !== parameters) throw new RangeError(`${parameters} parameters are needed, not ${values.length}`);
    for (const value of values) {
      const fits = value === null || ["number", "string", "bigint"].includes(typeof value) || Buffer.isBuffer(value);
      if (!fits) throw new TypeError("SQLite3 can only bind numbers, strings, bigints, buffers, and null");
    }
  };
  return {
    run(...values) {
      checkCall(values);
      if (statement.reader) throw new TypeError("This statement returns data. Use get(), all(), or iterate() instead");
      return statement.run(...values);
    },
    all(...values) {
      checkCall(values);
      if (!statement.reader) throw new TypeError("This statement does not return data. Use run() instead");
      return statement.all(...values);
    },
  };
}
