import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layOut, pack } from "../support/packed.ts";
import { entries, manifest, root } from "../support/repository.ts";

const require = createRequire(import.meta.url);
const temporary = mkdtempSync(join(tmpdir(), "live-session-pack-"));
const modules = join(temporary, "app/node_modules");
const installed = join(modules, "live-session");
let tarball: string;

beforeAll(() => {
  tarball = pack(temporary);
  layOut(join(temporary, "app"), tarball, Object.keys(manifest.peerDependencies));
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

test("the installed pages lead to each other, and the client in one file needs nothing else", () => {
  const pages = readdirSync(join(installed, "docs"), { recursive: true, encoding: "utf8" }).sort();
  expect(pages).toEqual(
    expect.arrayContaining(["getting-started.md", "errors.md", "adapters/hono.md", "concepts/topic.svg"]),
  );
  expect(pages.filter((path) => /^(api|\.vitepress)/.test(path))).toEqual([]);
  const client = readFileSync(join(installed, "dist/client.min.js"), "utf8");
  expect(client).not.toMatch(/\bimport\b/);
  expect(gzipSync(client, { level: 9 }).length).toBeLessThan(3_000);
});

describe("the installed command", () => {
  const command = join(installed, "dist/cli.js");
  const empty = mkdtempSync(join(temporary, "empty-"));
  /** Laid out by itself: nothing that it could import lies in any folder above. */
  const alone = { cwd: empty, env: { PATH: process.env.PATH }, encoding: "utf8" } as const;

  test("says its version and lists what is in a file of the project", () => {
    expect(execFileSync(process.execPath, [command, "--version"], alone)).toBe(`${manifest.version}\n`);
    symlinkSync(join(root, "node_modules/libsql"), join(modules, "libsql"));
    const store = ["--store", "sqlite:sessions.db", "--json"];
    const inApp = { ...alone, cwd: join(temporary, "app") };
    execFileSync(process.execPath, [command, "migrate", ...store], inApp);
    expect(execFileSync(process.execPath, [command, "list", ...store], inApp)).toBe("");
  });

  test("serves the dashboard of a file, with the files of its page", async () => {
    const words = ["dashboard", "--store", "sqlite:sessions.db", "--port", "0", "--json"];
    const child = spawn(process.execPath, [command, ...words], {
      cwd: join(temporary, "app"),
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    const opened = await fetch(url, { redirect: "manual" });
    const cookie = opened.headers.getSetCookie()[0]?.split(";")[0] as string;
    const page = new URL(opened.headers.get("location") as string, url);
    for (const name of ["", "dashboard.js", "dashboard.css", "dashboard.svg", "sessions.json"]) {
      expect((await fetch(new URL(name, page), { headers: { cookie } })).status, name).toBe(200);
    }
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  });

  test("opens the demo where nothing else is installed", async () => {
    const bare = join(temporary, "bare");
    mkdirSync(bare);
    execFileSync("tar", ["-xzf", tarball, "-C", bare]);
    const child = spawn(process.execPath, [join(bare, "package/dist/cli.js"), "demo", "--port", "0", "--json"], {
      cwd: empty,
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    const page = await (await fetch(url)).text();
    const addresses = [...page.matchAll(/(?:src|href)="(\/[\w./-]+\.(?:js|css|webp|svg))"/g)].map(([, path]) => path);
    expect(addresses).toEqual(expect.arrayContaining(["/browser.js", "/style.css"]));
    for (const path of new Set(addresses)) expect((await fetch(url + path)).status, path).toBe(200);
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(empty)).toEqual([]);
  });

  test("hands on the licenses of all that is bundled", () => {
    const text = readFileSync(join(installed, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["commander", "@clack/prompts", "set-cookie-parser", "express", "ws", "zod"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)\\n\\n\\S`, "m"));
    }
  });
});

/** The names in `all`, in a process of its own beside the installed package. */
function load(file: string, statement: string): string[] {
  const script = join(temporary, "app", file);
  // `require` adds a marker for transpiled callers, which is no export of ours.
  const print = `console.log(JSON.stringify(Object.keys(all).filter((name) => name !== "__esModule").sort()));`;
  writeFileSync(script, `${statement}\n${print}\n`);
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" }));
}
