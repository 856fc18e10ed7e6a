// `node scripts/draw.mjs`: makes the shop's pictures out of its drawings. Their paper grain costs a browser without a
// GPU a second at each repaint, so pages are given pictures, and the drawings stay the source.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { root } from "./setup.mjs";

const from = join(root, "examples/shop/drawings");
const to = join(root, "examples/shop/public/pictures");

mkdirSync(to, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage();
for (const file of readdirSync(from)) {
  const drawing = `data:image/svg+xml;base64,${readFileSync(join(from, file)).toString("base64")}`;
  const picture = await page.evaluate(async (source) => {
    const image = new Image(800, 800);
    image.src = source;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 800, height: 800 });
    canvas.getContext("2d").drawImage(image, 0, 0, 800, 800);
    return canvas.toDataURL("image/webp", 0.8).split(",")[1];
  }, drawing);
  writeFileSync(join(to, file.replace(/svg$/, "webp")), Buffer.from(picture, "base64"));
}
await browser.close();
