// Who gets through to the dashboard: whoever opened the printed URL, by a name that no foreign page could have made up.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { readCookie } from "../../core/cookies.ts";

const COOKIE = "live-session-dashboard";

/**
 * The printed URL has a token, which opening it turns into a cookie: from then on the token is in no address bar, and no
 * script can read it. Browsers send the cookies of a machine to all of its ports. So this one is for a path that nobody
 * can guess: other servers on this machine, which the browser may visit too, are not sent it.
 */
export class Gate {
  readonly #token = randomBytes(32).toString("base64url");
  readonly #path = `/${randomBytes(16).toString("base64url")}/`;
  readonly #host: string;

  /** @param host where the server listens */
  constructor(host: string) {
    this.#host = host.toLowerCase();
  }

  /** What to open. @param port the one that is listened at */
  url(port: number): string {
    const name = this.#host === "0.0.0.0" ? "127.0.0.1" : this.#host === "::" ? "::1" : this.#host;
    return `http://${isIP(name) === 6 ? `[${name}]` : name}:${port}${this.#path}?token=${this.#token}`;
  }

  /** Whether the request may go on to the dashboard; if not, it is answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { headers, method, url = "" } = request;
    if (!this.#knows(headers.host)) return refuse(response, 421, "This is not where the dashboard is.");
    const [path = "", query = ""] = url.split("?");
    if (!path.startsWith(this.#path)) return refuse(response, 404, NOT_HERE);
    if (isSame(readCookie(headers.cookie, COOKIE), this.#token)) return true;
    const given = new URLSearchParams(query).get("token");
    if (method !== "GET" || path !== this.#path || !isSame(given, this.#token)) return refuse(response, 403, NOT_HERE);
    const cookie = `${COOKIE}=${this.#token}; Path=${this.#path}; HttpOnly; SameSite=Strict`;
    response.writeHead(303, { ...unkept, "set-cookie": cookie, location: this.#path }).end();
    return false;
  }

  /**
   * A foreign page can give this machine a name of its own (DNS rebinding), and is then of the same origin as what it
   * finds there. It cannot do so with an address, with `localhost`, or with the name that was asked for.
   */
  #knows(host = ""): boolean {
    const name = host
      .replace(/:\d+$/, "")
      .replace(/^\[|\]$/g, "")
      .toLowerCase();
    return name === "localhost" || name === this.#host || isIP(name) !== 0;
  }
}

const NOT_HERE = "Open the URL that the command printed, in the address bar of the browser.";

const unkept = { "cache-control": "no-store", "referrer-policy": "no-referrer" };

function refuse(response: ServerResponse, status: number, text: string): false {
  response.writeHead(status, { ...unkept, "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  return false;
}

/** In a time that tells nothing of how much of it was right. */
function isSame(given: string | null, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return given !== null && timingSafeEqual(digest(given), digest(token));
}
