// The head of a Node response, held up for a cookie.

import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/**
 * Calls `commit` once, before the head of the response is written. If it throws, what was to be sent is not, as long as no
 * part of it is written: `failed` gets the error, and whoever handles it answers. A response that is streamed has nothing
 * to hold up: its head goes out as it is, and `failed` hears of it too.
 */
export function beforeHead(response: ServerResponse, commit: () => void, failed: (error: unknown) => void): void {
  const { writeHead, end } = response;
  let isDone = false;

  function once(): boolean {
    if (isDone) return true;
    isDone = true;
    try {
      commit();
      return true;
    } catch (error) {
      process.nextTick(failed, error);
      return false;
    }
  }

  response.writeHead = (status: number, ...given: unknown[]) => {
    // Headers handed to writeHead take the place of those set before, and a Set-Cookie among them would take ours away.
    const headers = given.find((each) => typeof each === "object" && each !== null);
    if (headers && !response.headersSent) setHeaders(response, headers);
    once();
    const reason = given.find((each) => typeof each === "string");
    return writeHead.apply(response, (reason === undefined ? [status] : [status, reason]) as never);
  };

  response.end = (...given: unknown[]) => {
    if (response.headersSent || once()) return end.apply(response, given as never);
    // They tell of a body that is not sent.
    for (const name of ["Content-Length", "ETag"]) response.removeHeader(name);
    return response;
  };
}

function setHeaders(response: ServerResponse, headers: object): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) {
      if (value !== undefined) response.setHeader(name, value);
    }
    return;
  }
  const flat = headers.flat() as string[]; // name, value, name, value, ...; or pairs
  const names = flat.filter((_, index) => index % 2 === 0);
  for (const name of names) response.removeHeader(name);
  for (const [index, name] of names.entries()) response.appendHeader(name, flat[2 * index + 1] as string);
}
