import type { Express } from "express";

declare global {
  const app: Express;
}
