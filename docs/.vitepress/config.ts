// The documentation site: `npm run docs` builds it from docs/ into build/site, `npm run docs:dev` serves it while you write.

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { accessible } from "./accessible.ts";
import { githubSlug, repositoryLinks } from "./links.ts";
import { nav, sidebar } from "./pages.ts";

const api = fileURLToPath(new URL("../api/", import.meta.url));
const modules = existsSync(api) ? readdirSync(api).sort() : [];

/** Where on its host the site will be, such as "/live-session/". */
const base = process.env.DOCS_BASE ?? "/";

export default defineConfig({
  title: "live-session",
  description: "Live web sessions for Node: one session shared by HTTP requests, sockets and browser tabs.",
  lang: "en",
  base,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }]],
  outDir: "../build/site",
  cacheDir: "../build/site-cache",
  ignoreDeadLinks: "localhostLinks",
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  rewrites: { "drivers/README.md": "drivers/index.md" },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: githubSlug },
    config: (markdown) => {
      repositoryLinks(markdown, process.env.DOCS_REPOSITORY);
      accessible(markdown);
    },
  },
  themeConfig: {
    nav,
    sidebar: sidebar(modules),
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
  },
});
