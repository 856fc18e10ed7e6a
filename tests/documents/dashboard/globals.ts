import type { Express } from "express";
import type { FastifyInstance } from "fastify";
import type { Hono } from "hono";
import type Koa from "koa";
import type { createLiveSessions as create, LiveSessions } from "live-session";
import type { Dashboard, createDashboard as make } from "live-session/dashboard";
import type { redis as drivers } from "live-session/redis";
import type { RedisClientType } from "redis";

declare global {
  const sessions: LiveSessions<Record<string, unknown>>;
  const createLiveSessions: typeof create;
  const createDashboard: typeof make;
  const createServer: typeof import("node:http").createServer;
  const authorize: () => boolean;
  const dashboard: Dashboard;
  const app: Express;
  const hono: Hono;
  const koa: Koa;
  const fastify: FastifyInstance;
  const redis: typeof drivers;
  const client: RedisClientType;
}
