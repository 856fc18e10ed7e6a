import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entries, manifest, root } from "../support/repository.ts";

const require = createRequire(import.meta.url);
const temporary = mkdtempSync(join(tmpdir(), "live-session-pack-"));
const modules = join(temporary, "app/node_modules");
const installed = join(modules, "live-session");
let tarball: string;

/** Packs as `npm publish` would (which builds) and lays the package out as `npm install` would. */
beforeAll(() => {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", temporary], { cwd: root });
  const name = readdirSync(temporary).find((file) => file.endsWith(".tgz"));
  tarball = join(temporary, name ?? "no tarball");
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(temporary, "app/package.json"), "{}"); // an app of its own, whatever lies in the folders above
  execFileSync("tar", ["-xzf", tarball, "-C", modules]);
  renameSync(join(modules, "package"), installed);
  for (const peer of Object.keys(manifest.peerDependencies)) {
    mkdirSync(dirname(join(modules, peer)), { recursive: true }); // a scope is a folder
    symlinkSync(join(root, "node_modules", peer), join(modules, peer));
  }
}, 120_000);

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test("publint has nothing to say", async () => {
  const { messages } = await publint({ pkgDir: installed, pack: false, strict: true });
  expect(messages).toEqual([]);
});

test("the types resolve the way the code does", () => {
  // The command has no subpath of its own in the package's exports, so it is found beside its package.json.
  const home = dirname(require.resolve("@arethetypeswrong/cli/package.json"));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(home, "dist/index.js"), tarball, "--profile", "esm-only", "--no-color", "--no-emoji"],
    { cwd: temporary, encoding: "utf8" },
  );
  expect(status, `${stdout}${stderr}`).toBe(0);
});

describe.each(entries)("the installed %s", (name) => {
  const subpath = name === "index" ? "live-session" : `live-session/${name}`;

  test("exports what its source does, by import and by require", async () => {
    const source: object = await import(`../../src/${name}.ts`);
    const names = Object.keys(source).sort();
    expect(names).not.toEqual([]);
    expect(load("esm.mjs", `import * as all from "${subpath}";`)).toEqual(names);
    expect(load("cjs.cjs", `const all = require("${subpath}");`)).toEqual(names);
  });
});

test("the installed dashboard has the files of its page, and not their sources", () => {
  expect(readdirSync(join(installed, "dist/dashboard"))).not.toContain("browser");
  const script = join(temporary, "app", "dashboard.mjs");
  writeFileSync(
    script,
    `import { createLiveSessions } from "live-session";
import { createDashboard } from "live-session/dashboard";
const dashboard = createDashboard(createLiveSessions(), { authorize: () => true });
for (const name of ["", "dashboard.js", "dashboard.css", "dashboard.svg"]) {
  const response = await dashboard.fetch(new Request("http://shop.example/admin/" + name));
  console.log(response.status, (await response.text()).length > 100);
}
await dashboard.close();`,
  );
  const answers = execFileSync(process.execPath, [script], { encoding: "utf8" });
  expect(answers.trim().split("\n")).toEqual(new Array(4).fill("200 true"));
});

/** The names in `all`, in a process of its own beside the installed package. */
function load(file: string, statement: string): string[] {
  const script = join(temporary, "app", file);
  // `require` adds a marker for transpiled callers, which is no export of ours.
  const print = `console.log(JSON.stringify(Object.keys(all).filter((name) => name !== "__esModule").sort()));`;
  writeFileSync(script, `${statement}\n${print}\n`);
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" }));
}
