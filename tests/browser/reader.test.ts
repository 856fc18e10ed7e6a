// The reader's trial (CONTRIBUTING.md): the whole files of README.md and the getting-started page, in an app that has the
// packed package and what the page says to install, as they stand; and two tabs of a real Chromium that are in step.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { complaintsOf, launchChromium } from "../support/chromium.ts";
import { filesOf } from "../support/documents.ts";
import { freePort } from "../support/example-process.ts";
import { layOut, pack } from "../support/packed.ts";
import { read, root } from "../support/repository.ts";

const temporary = mkdtempSync(join(tmpdir(), "live-session-reader-"));
const readme = filesOf("README.md");
const guide = filesOf("docs/getting-started.md");
let tarball: string;
let browser: Browser;

beforeAll(async () => {
  tarball = pack(temporary);
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  rmSync(temporary, { recursive: true, force: true });
});

/** What a page says to install beside live-session, by the heading that the commands stand under. */
function installedBy(document: string, heading: string): string[] {
  const section =
    read(document)
      .split(/^#+ /m)
      .find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const lines = section.match(/^npm install .+$/gm) ?? expect.unreachable(`${heading} installs nothing.`);
  return lines.flatMap((line) => line.split(" ").slice(2)).filter((word) => !/^(--.*|live-session)$/.test(word));
}

function app(packages: readonly string[], files: Record<string, string | undefined>): string {
  const folder = mkdtempSync(join(temporary, "app-"));
  layOut(folder, tarball, packages);
  for (const [name, code] of Object.entries(files)) {
    writeFileSync(join(folder, name), code ?? expect.unreachable(`No page has the file ${name}.`));
  }
  return folder;
}

/** Starts a server of the reader's; resolves to its address, as it printed it. */
async function start(folder: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: String(await freePort()) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  onTestFinished(async () => {
    const gone = once(child, "exit");
    child.kill();
    await gone;
    expect(said).toEqual([]);
  });
  const ended = once(child, "exit").then(() => expect.unreachable(`The server ended. ${said.join("")}`));
  const [line] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
  return line.toString().trim();
}

async function showsTwoTabsInStep(url: string): Promise<void> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  await context.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  const complaints = complaintsOf(context);
  const [one, other] = [await openTab(), await openTab()];
  await one.fill("input", "bow");
  await Promise.all([one.waitForEvent("load"), one.click("text=Add")]);
  await cartIs(other, ["bow"]);
  await other.click("#kite");
  await cartIs(one, ["bow", "kite"]);
  await one.click("text=Log out");
  await statusIs(other, "ended");
  await cartIs(other, []);
  await cartIs(one, []);
  expect(complaints).toEqual([]);

  async function openTab(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    await statusIs(page, "live");
    return page;
  }
}

const statusIs = (page: Page, status: string) => page.waitForSelector(`#status:text-is("${status}")`);

const cartIs = (page: Page, cart: readonly string[]) =>
  page.waitForFunction(
    (wanted) => [...document.querySelectorAll("#cart li")].map((line) => line.textContent).join() === wanted,
    cart.join(),
  );

const [README, GUIDE] = ["README.md", "docs/getting-started.md"];
const page = readme.get("index.html");

test("both pages have the same index.html", () => {
  expect(page).toMatch(/^<!doctype html>/);
  expect(guide.get("index.html")).toBe(page);
});

test.each([
  { name: "Express", packages: installedBy(README, "Install"), server: readme.get("server.mjs") },
  { name: "Fastify", packages: installedBy(GUIDE, "On Fastify"), server: guide.get("fastify.mjs") },
  { name: "Hono", packages: installedBy(GUIDE, "On Hono"), server: guide.get("hono.mjs") },
])("$name, in JavaScript: two tabs are in step", async ({ packages, server }) => {
  const folder = app(packages, { "index.html": page, "server.mjs": server });
  await showsTwoTabsInStep(await start(folder, "server.mjs"));
});

test("Express, in TypeScript: the types of the package are right for strict code, and two tabs are in step", async () => {
  const [server, script] = [guide.get("server.ts"), guide.get("browser.ts")];
  const packages = installedBy(GUIDE, "In TypeScript");
  const folder = app(packages, { "index.html": page, "server.ts": server, "browser.ts": script });
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`); // npm pkg set type=module
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const compile = async (name: string, settings: object) => {
    const compilerOptions = { target: "es2022", lib: ["es2023", "dom"], strict: true, noEmit: true, ...settings };
    const options = { compilerOptions: { ...compilerOptions, types: ["node"], allowImportingTsExtensions: true } };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...options, files: ["server.ts", "browser.ts"] }));
    await promisify(execFile)(process.execPath, [compiler, "-p", `${name}.json`], { cwd: folder }).catch(
      ({ stdout }: { stdout: string }) => expect.unreachable(`${name}: ${stdout}`),
    );
  };
  await Promise.all([
    compile("nodenext", { module: "nodenext" }),
    compile("bundler", { module: "esnext", moduleResolution: "bundler" }),
  ]);
  await showsTwoTabsInStep(await start(folder, "--import", "tsx", "server.ts"));
});
