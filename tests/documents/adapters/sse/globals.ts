import type { Express } from "express";
import type { Hono } from "hono";
import type { liveStreams as streams, turboStream as turbo } from "live-session/sse";

declare global {
  const secret: string;
  const app: Express;
  const hono: Hono;
  const shop: typeof import("../../README/server.ts").shop;
  const liveStreams: typeof streams;
  const turboStream: typeof turbo;
  function cartHtml(cart: readonly string[]): string;
}
