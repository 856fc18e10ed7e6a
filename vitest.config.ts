import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("./src/", import.meta.url));

/** Dashboards read the files of their page, wherever they run from. */
const globalSetup = fileURLToPath(new URL("./scripts/dashboard.mjs", import.meta.url));

/** Tests import the package by its own name, as users do. */
const alias = [
  // Under Node the package hands out its server build, whose signals do not react.
  { find: /^solid-js$/, replacement: fileURLToPath(new URL("./node_modules/solid-js/dist/solid.js", import.meta.url)) },
  { find: /^live-session$/, replacement: `${src}index.ts` },
  { find: /^live-session\/(.+)$/, replacement: `${src}$1.ts` },
];

// Suites with real servers and browsers share CI's machine with others. What was tried again is shown in the report.
const retry = process.env.CI === "true" ? 2 : 0;

const project = (name: string, testTimeout: number, options = {}) => ({
  resolve: { alias },
  test: { name, include: [`tests/${name}/**/*.test.{ts,tsx}`], testTimeout, hookTimeout: 60_000, retry, ...options },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("unit", 30_000, { globalSetup }),
      project("integration", 120_000, { globalSetup }),
      ...["redis", "postgres", "nats"].map((engine) => project(engine, 120_000)),
      // A run that fails has found something: it is looked into, not tried again.
      project("faults", 120_000, { fileParallelism: false, retry: 0 }),
      project("packaging", 180_000, { fileParallelism: false }),
      project("browser", 120_000, { fileParallelism: false, globalSetup }),
    ],
  },
});
