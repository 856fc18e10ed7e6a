// Signed texts that pages carry: none holds session data, and those for one session are worth nothing to another.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { SessionKey } from "../core/ids.ts";

/** What a page was rendered for, signed: the client sends it with each join. */
export interface PageToken {
  /** The id of the view's element, and with `lv:` in front its topic. */
  readonly id: string;
  /** The route that was rendered. */
  readonly route: string;
  /** When, in ms since 1970. */
  readonly at: number;
  /** Of a first visit: the session that was made for it, whose cookie the browser had yet to take. */
  readonly firstOf?: SessionKey | undefined;
}

export interface Tokens {
  signPage(token: PageToken, key: SessionKey | null): string;
  /** `null` if it is not one of ours, not of this session, or older than the lifetime. */
  readPage(text: unknown, key: SessionKey | null, now: number): PageToken | null;
  /** The same for a page of a first visit, whosever session that was. */
  readFirstPage(text: unknown, now: number): PageToken | null;
  /** Whether it looks like a page's token, whosever it is and whoever signed it. */
  isPage(text: unknown): boolean;
  makeCsrf(key: SessionKey | null): string;
  checkCsrf(text: unknown, key: SessionKey | null): boolean;
  signFlash(flash: Readonly<Record<string, string>>): string;
  readFlash(text: unknown): Record<string, string> | null;
}

/** No honest token is longer. */
const LONGEST = 4_096;

/**
 * @param secrets the first signs, all are accepted
 * @param lifetime of pages, in ms
 */
export function makeTokens(secrets: readonly string[], lifetime: number): Tokens {
  const mac = (secret: string, purpose: string, parts: readonly string[]) =>
    createHmac("sha256", secret)
      .update(JSON.stringify(["live-session/liveview", purpose, ...parts]))
      .digest("base64url");

  const sign = (purpose: string, body: string, key: string) =>
    `${body}.${mac(secrets[0] as string, purpose, [body, key])}`;

  function verify(purpose: string, text: unknown, key: string): string | null {
    if (typeof text !== "string" || text.length > LONGEST) return null;
    const dot = text.lastIndexOf(".");
    if (dot <= 0) return null;
    const body = text.slice(0, dot);
    const given = Buffer.from(text.slice(dot + 1));
    let valid = false;
    for (const secret of secrets) {
      const wanted = Buffer.from(mac(secret, purpose, [body, key]));
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) valid = true;
    }
    return valid ? body : null;
  }

  function pageOf(body: string, now: number): PageToken | null {
    const [id, route, at, firstOf] = decode(body) as [string, string, number, SessionKey | null];
    return now - at <= lifetime ? { id, route, at, ...(firstOf && { firstOf }) } : null;
  }

  return {
    signPage: ({ id, route, at, firstOf }, key) => sign("page", encode([id, route, at, firstOf]), key ?? ""),

    readPage(text, key, now) {
      const body = verify("page", text, key ?? "");
      return body === null ? null : pageOf(body, now);
    },

    readFirstPage(text, now) {
      const firstOf = claimOf(text)?.[3]; // it says itself whose it is
      const body = typeof firstOf === "string" ? verify("page", text, firstOf) : null;
      return body === null ? null : pageOf(body, now);
    },

    isPage: (text) => typeof claimOf(text)?.[2] === "number",

    makeCsrf: (key) => sign("csrf", randomBytes(9).toString("base64url"), key ?? ""),
    checkCsrf: (text, key) => verify("csrf", text, key ?? "") !== null,

    signFlash: (flash) => sign("flash", encode(flash), ""),

    readFlash(text) {
      const body = verify("flash", text, "");
      return body === null ? null : (decode(body) as Record<string, string>);
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** What a page's token says of itself, signed or not. */
function claimOf(text: unknown): readonly unknown[] | null {
  if (typeof text !== "string" || text.length > LONGEST) return null;
  try {
    const claim = decode(text.slice(0, text.lastIndexOf(".")));
    return Array.isArray(claim) ? claim : null;
  } catch {
    return null;
  }
}

/** Only of what was signed: it is what we encoded. */
function decode(text: string): unknown {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}
