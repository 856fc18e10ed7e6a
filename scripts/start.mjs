// `npm start`: installs and builds what is missing, then opens the shop.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages, root, run } from "./setup.mjs";

ensurePackages();
if (isStale()) {
  console.log("Building ...");
  if (!run("npm", ["run", "--silent", "build"], { shell: process.platform === "win32" })) process.exit(1);
}

const shop = spawn(process.execPath, ["--import", "tsx", "examples/shop/server.ts"], { cwd: root, stdio: "inherit" });
// A terminal's Ctrl+C reaches the shop by itself, and twice would be too much: the shop then stops without closing. A
// signal to this process alone has to be handed on.
process.on("SIGINT", () => process.stdin.isTTY || shop.kill("SIGINT"));
process.on("SIGTERM", () => shop.kill("SIGTERM"));
shop.on("exit", (code) => process.exit(code ?? 1));

/** Whether any source is newer than the build. */
function isStale() {
  const built = join(root, "dist/index.js");
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  return readdirSync(join(root, "src"), { recursive: true }).some(
    (file) => statSync(join(root, "src", file)).mtimeMs > since,
  );
}
