// Names that stand in SQL. They are checked rather than escaped: nobody needs a table with a quote in its name.

import { LiveSessionError } from "../../core/errors.ts";

/** Names are cut at 63 bytes by the server; ours get endings. */
const LONGEST = 48;

/** @throws LiveSessionError `bad_option` for anything but letters, digits and `_` */
export function checkName(option: string, name: string): string {
  if (typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= LONGEST) return name;
  const message = `${option}: ${JSON.stringify(name)} is not a name of at most ${LONGEST} letters, digits and "_".`;
  throw new LiveSessionError("bad_option", message);
}
