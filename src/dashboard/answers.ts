// Answers of the dashboard, each with the headers that keep it to itself.

import type { Exchange } from "../live/sse/exchange.ts";
import type { Asset } from "./assets.ts";

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const guards: Readonly<Record<string, string>> = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const unkept = { ...guards, "cache-control": "no-store" };

export function answerText(exchange: Exchange, status: number, text: string, more: Record<string, string> = {}): void {
  exchange.answer(status, { ...unkept, "content-type": "text/plain; charset=utf-8", ...more }, `${text}\n`);
}

export function answerJson(exchange: Exchange, status: number, value: object): void {
  exchange.answer(status, { ...unkept, "content-type": "application/json" }, JSON.stringify(value));
}

export function answerPage(exchange: Exchange): void {
  exchange.answer(200, { ...unkept, "content-type": "text/html; charset=utf-8" }, PAGE);
}

/** Browsers may keep it, but ask each time: whoever may no longer look gets none. */
export function answerAsset(exchange: Exchange, { type, text, etag }: Asset): void {
  const headers = { ...guards, "cache-control": "private, no-cache", etag };
  if (exchange.head.headers["if-none-match"] === etag) return exchange.answer(304, headers);
  exchange.answer(200, { ...headers, "content-type": type }, text);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Sessions · live-session</title>
<link rel="icon" href="dashboard.svg" type="image/svg+xml">
<link rel="stylesheet" href="dashboard.css">
<script type="module" src="dashboard.js"></script>
</head>
<body>
<div id="dashboard"><noscript><p>The dashboard needs JavaScript.</p></noscript></div>
</body>
</html>
`;
