// Live views under Express, Fastify, and whatever speaks fetch. Typed by shape: none of them is a dependency.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressOf } from "../core/address.ts";
import { readCookie } from "../core/cookies.ts";
import { requestUrl } from "./admission.ts";
import type { LiveViews } from "./live-views.ts";
import type { PollResponse } from "./long-poll.ts";
import { FLASH_COOKIE } from "./page.ts";

/** What is used of a request of Express with express-session. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly protocol: string;
  readonly sessionID?: string;
  readonly session?: { save(callback: (error?: unknown) => void): unknown };
}

type Next = (error?: unknown) => void;

/**
 * Middleware for Express, after express-session: answers GETs of live views, and passes on the rest. What the request
 * put into its session before is saved first, so that the view finds it.
 */
export function expressPages(views: LiveViews) {
  return (request: ExpressRequest, response: ServerResponse, next: Next): void => {
    if (request.method !== "GET" && request.method !== "HEAD") return next();
    const { host = "localhost" } = request.headers;
    const url = requestUrl(request.protocol, host, request.originalUrl);
    if (!url) return next();
    const answer = async () => {
      await saveSession(request);
      const flash = readCookie(request.headers.cookie, FLASH_COOKIE);
      const sessionId = request.sessionID ?? null;
      const hadCookie = namesSession(views, request.headers, sessionId);
      const page = await views.renderPage({ sessionId, hadCookie, url, flash });
      if (!page) return next();
      response.statusCode = page.status;
      for (const [name, value] of Object.entries(page.headers)) response.appendHeader(name, value);
      response.end(request.method === "HEAD" ? undefined : page.body);
    };
    answer().catch(next);
  };
}

/** Whether the cookie of a request names this session, as it will have to when the view joins. */
function namesSession(views: LiveViews, headers: FastifyRequestLike["headers"], sessionId: string | null): boolean {
  return views.sessionId(headers as Record<string, string | undefined>) === sessionId;
}

/** A session that nobody put anything into is left to the middleware's own rules. */
async function saveSession({ session }: ExpressRequest): Promise<void> {
  if (!session || Object.keys(session).every((name) => name === "cookie")) return;
  await new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())));
}

/**
 * The long poll of live views, for Express and for plain HTTP servers: `app.use("/live/longpoll", longPoll(views))`,
 * beside `attach(server, { path: "/live" })`. Reads the body itself.
 */
export function longPoll(views: LiveViews) {
  return (request: IncomingMessage, response: ServerResponse, next?: Next): void => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const answer = async () => {
      const body = request.method === "POST" ? await bodyOf(request, views.maxMessageBytes) : "";
      if (body === null) return sendJson(response, 413, { status: 413 });
      const searchParams = new URLSearchParams(request.url?.split("?")[1]);
      const headers = request.headers as Record<string, string | undefined>;
      const token = searchParams.get("token");
      sendPoll(
        response,
        await views.poll(
          { method: request.method ?? "GET", token: token || null, body, headers, address: views.addressOf(request) },
          gone.signal,
        ),
      );
    };
    answer().catch((error) => (next ? next(error) : response.destroy()));
  };
}

function sendPoll(response: ServerResponse, answer: PollResponse): void {
  if (response.destroyed) return;
  const { status, headers } = httpOf(answer);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, answer);
}

/** How an answer to a poll goes out: the client looks at its `status` alone, others at that of HTTP. */
function httpOf({ retryAfter }: PollResponse): { status: number; headers: Record<string, string> } {
  return retryAfter === undefined
    ? { status: 200, headers: {} }
    : { status: 429, headers: { "retry-after": String(retryAfter) } };
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage, most: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > most) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** What is used of Fastify's request and reply. */
export interface FastifyRequestLike {
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  headers(values: Readonly<Record<string, string>>): FastifyReplyLike;
  callNotFound(): unknown;
  send(body: string): unknown;
}

/**
 * A handler for Fastify: `app.get("/*", fastifyPages(views))`.
 *
 * @param sessionId finds the session id of a request. Default: from its cookie, by the options of `liveViews`
 */
export function fastifyPages<Request extends FastifyRequestLike>(
  views: LiveViews,
  sessionId: (request: Request) => string | null = ({ headers }) =>
    views.sessionId(headers as Record<string, string | undefined>),
) {
  return async (request: Request, reply: FastifyReplyLike): Promise<unknown> => {
    const { host = "localhost", cookie } = request.headers as Record<string, string | undefined>;
    const url = requestUrl(request.protocol, host, request.url);
    if (!url) return reply.callNotFound();
    const flash = readCookie(cookie, FLASH_COOKIE);
    const id = sessionId(request);
    const hadCookie = namesSession(views, request.headers, id);
    const page = await views.renderPage({ sessionId: id, hadCookie, url, flash });
    if (!page) return reply.callNotFound();
    return reply.code(page.status).headers(page.headers).send(page.body);
  };
}

/**
 * A handler for what speaks fetch, such as Hono: `app.use(async (c, next) => (await handle(c.req.raw)) ?? next())`. Answers
 * the pages of live views, and long polls below `path`; `null` for everything else.
 *
 * @param options.sessionId finds the session id of a request. Default: from its cookie, by the options of `liveViews`
 * @param options.path of the client's connection. Default `"/live"`
 * @param options.address where a request comes from, for `limits.perAddress`
 * @throws LiveSessionError `bad_option` if addresses are counted, and neither this nor `liveViews` has the option `address`
 */
export function fetchPages(
  views: LiveViews,
  options: {
    readonly sessionId?: (request: Request) => string | null;
    readonly path?: string;
    readonly address?: AddressOf<Request>;
  } = {},
) {
  const { sessionId = (request: Request) => views.sessionId(headersOf(request)), path = "/live", address } = options;
  views.requireAddress("fetchPages", address !== undefined);
  return async (request: Request): Promise<Response | null> => {
    const url = new URL(request.url);
    if (url.pathname === `${path}/longpoll`) return poll(views, request, url, address && (address(request) ?? ""));
    if (request.method !== "GET" && request.method !== "HEAD") return null;
    const flash = readCookie(request.headers.get("cookie") ?? undefined, FLASH_COOKIE);
    const id = sessionId(request);
    const hadCookie = namesSession(views, headersOf(request), id);
    const page = await views.renderPage({ sessionId: id, hadCookie, url, flash });
    return page && new Response(request.method === "HEAD" ? null : page.body, page);
  };
}

async function poll(
  views: LiveViews,
  request: Request,
  url: URL,
  address: string | null | undefined,
): Promise<Response> {
  const { method } = request;
  const body = method === "POST" ? await request.text() : "";
  if (Buffer.byteLength(body) > views.maxMessageBytes) return Response.json({ status: 413 }, { status: 413 });
  const token = url.searchParams.get("token") || null;
  const headers = { host: url.host, ...headersOf(request) };
  const answer = await views.poll({ method, token, body, headers, address }, request.signal);
  const { status, headers: own } = httpOf(answer);
  return Response.json(answer, { status, headers: { ...own, "cache-control": "no-store" } });
}

function headersOf({ headers }: Request): Record<string, string> {
  return Object.fromEntries(headers);
}
