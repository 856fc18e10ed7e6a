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
}

export interface Tokens {
  signPage(token: PageToken, key: SessionKey | null): string;
  /** `null` if it is not one of ours, not of this session, or older than the lifetime. */
  readPage(text: unknown, key: SessionKey | null, now: number): PageToken | null;
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

  return {
    signPage: ({ id, route, at }, key) => sign("page", encode([id, route, at]), key ?? ""),

    readPage(text, key, now) {
      const body = verify("page", text, key ?? "");
      if (body === null) return null;
      const [id, route, at] = decode(body) as [string, string, number];
      return now - at <= lifetime ? { id, route, at } : null;
    },

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

/** Only of what was signed: it is what we encoded. */
function decode(text: string): unknown {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}
