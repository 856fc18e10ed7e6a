// A running app, seen from outside: the cookie that one of its pages sets. Its value is looked for, and never shown.

import { parseSetCookie } from "set-cookie-parser";
import { CliError, exitCodes, reasonOf, usage } from "../failures.ts";
import { span } from "../text.ts";
import { clockFinding, expect, type Finding, note, ok, problem } from "./findings.ts";

/** What the usual middleware calls it. */
const USUAL = ["connect.sid", "sid", "sessionId", "koa.sess", "koa.sess.sig"];
const DAY = 86_400_000;
const LONGEST_DAYS = 90;
const TIMEOUT_MS = 10_000;
/** The Date header has whole seconds. */
const DATE_PRECISION = 1_000;

interface Page {
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly asked: number;
  readonly answered: number;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly httpOnly?: boolean;
  readonly secure?: boolean;
  readonly sameSite?: string;
  readonly expires?: Date;
  readonly maxAge?: number;
  readonly domain?: string;
  readonly path?: string;
}

/** @throws CliError `bad_usage`, `unreachable` */
export async function examineApp(text: string, name?: string): Promise<Finding[]> {
  const page = await load(text);
  const transport = transportOf(page.url);
  const cookie = sessionCookie(page.headers, name);
  if (!cookie) {
    const words = name === undefined ? "no session cookie that is known" : "no cookie of this name";
    return [
      transport,
      note(
        "cookie",
        `the page sets ${words}`,
        "Give the URL of a page that starts a session, and the name with --cookie.",
      ),
    ];
  }
  return [transport, ...flagsOf(cookie, page.url), ...placesOf(cookie, page), ...clockOf(page)];
}

async function load(text: string): Promise<Page> {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw usage("The app's URL begins with http:// or https://.");
  const url = new URL(text);
  const asked = Date.now();
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: "text/html" },
    });
    const answered = Date.now();
    return { url, headers: response.headers, body: await response.text(), asked, answered };
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    throw new CliError("unreachable", exitCodes.failed, `The app did not answer: ${reasonOf(cause ?? error)}`);
  }
}

function sessionCookie(headers: Headers, name: string | undefined): Cookie | undefined {
  const cookies = parseSetCookie(headers.getSetCookie(), { decodeValues: false }) as Cookie[];
  const wanted = name === undefined ? USUAL : [name];
  const bare = (full: string) => full.replace(/^__(Host|Secure)-/, "");
  return cookies.find((cookie) => wanted.includes(cookie.name) || wanted.includes(bare(cookie.name)));
}

function transportOf({ protocol, hostname }: URL): Finding {
  if (protocol === "https:") return ok("https", "the app is reached over https");
  if (isNear(hostname)) return ok("https", "http, on this machine");
  return problem(
    "https",
    "the app is reached over http: whoever is on the way can take the cookie",
    "Serve it over https, and send http on to there.",
  );
}

function isNear(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.|^\[::1\]$/.test(hostname);
}

function flagsOf(cookie: Cookie, { protocol, hostname }: URL): Finding[] {
  const sameSite = cookie.sameSite?.toLowerCase();
  const encrypted = protocol === "https:" || !isNear(hostname);
  const findings = [
    expect(
      cookie.httpOnly === true,
      "HttpOnly",
      cookie.httpOnly ? "scripts cannot read the cookie" : "scripts can read the cookie",
      "Set httpOnly: true: a script that got into a page would take the session.",
    ),
  ];
  if (encrypted) {
    findings.push(
      expect(
        cookie.secure === true,
        "Secure",
        cookie.secure ? "the cookie goes over https alone" : "the cookie goes over http, too",
        "Set secure: true (and trust proxy behind one).",
      ),
    );
  }
  if (sameSite === "none" && !cookie.secure) {
    findings.push(
      problem(
        "SameSite",
        "SameSite=None without Secure: browsers drop the cookie",
        'Set secure: true, or sameSite: "lax".',
      ),
    );
  } else if (sameSite === "none") {
    findings.push(
      note(
        "SameSite",
        "SameSite=None: other sites' requests carry the cookie",
        'Set sameSite: "lax", unless the app lives in other sites\' frames.',
      ),
    );
  } else {
    findings.push(
      sameSite
        ? ok("SameSite", `SameSite=${cookie.sameSite}`)
        : note("SameSite", "no SameSite: what that means is each browser's choice", 'Set sameSite: "lax".'),
    );
  }
  findings.push(expiryOf(cookie));
  if (cookie.domain)
    findings.push(
      note("Domain", "every subdomain gets the cookie", "Leave domain out, unless they share the session."),
    );
  return findings;
}

function expiryOf({ maxAge, expires }: Cookie): Finding {
  const left = maxAge !== undefined ? maxAge * 1_000 : expires ? expires.getTime() - Date.now() : null;
  if (left === null) return ok("expiry", "the cookie goes with the browser's session");
  const words = `the browser keeps the cookie for ${span(left)}`;
  return expect(
    left <= LONGEST_DAYS * DAY,
    "expiry",
    words,
    `Shorten maxAge to ${LONGEST_DAYS} days or less: a session should not lie about for so long on a machine that was sold.`,
  );
}

/** The id belongs in the cookie, and nowhere else: addresses end up in logs and histories, shared caches give cookies to others. */
function placesOf(cookie: Cookie, { headers, body }: Page): Finding[] {
  const id = idOf(cookie.value);
  const location = headers.get("location") ?? "";
  const addresses = [
    location,
    ...[...body.matchAll(/(?:href|src|action)\s*=\s*["']([^"']*)["']/gi)].map(([, address = ""]) => address),
  ];
  const inAddress = addresses.some(
    (address) =>
      /[;?&](jsessionid|phpsessid|connect\.sid|session_?id|sid)=/i.test(address) ||
      (id.length >= 16 && decoded(address).includes(id)),
  );
  const inPage = !inAddress && id.length >= 16 && body.includes(id);
  const caching = headers.get("cache-control") ?? "";
  const findings = [
    expect(
      !inAddress,
      "url",
      inAddress ? "addresses on the page carry a session id" : "no address carries the session id",
      "Keep the id in the cookie alone: addresses end up in logs, histories and Referer headers.",
    ),
  ];
  if (inPage)
    findings.push(
      problem(
        "page",
        "the page itself holds the session id, where scripts can read it",
        "Keep the id in the HttpOnly cookie alone.",
      ),
    );
  if (/\bpublic\b|\bs-maxage=[1-9]/i.test(caching)) {
    findings.push(
      problem(
        "cache",
        "a shared cache may keep the answer that sets the cookie, and give it to others",
        "Answer with Cache-Control: private, or no-store, where a cookie is set.",
      ),
    );
  }
  return findings;
}

/** Without the signature that express-session and its kin add. */
function idOf(value: string): string {
  const text = decoded(value);
  return text.startsWith("s:") ? text.slice(2, text.lastIndexOf(".")) : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function clockOf({ headers, asked, answered }: Page): Finding[] {
  const theirs = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(theirs)) return [];
  return [{ ...clockFinding(asked, theirs, answered, DATE_PRECISION), check: "app clock" }];
}
