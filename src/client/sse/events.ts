// The events of a stream, by the rules of the HTML standard for `text/event-stream`.

export interface ServerEvent {
  /** Empty: a plain message. */
  readonly event: string;
  readonly data: string;
}

/** Reads a body to its end. What is no complete event by then is none. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  let event = "";
  let data: string | undefined;
  for await (const line of lines(body)) {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") event = value;
    else if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    if (line !== "") continue;
    if (data !== undefined) yield { event, data };
    event = "";
    data = undefined;
  }
}

/** The lines of a body, whether they end in CR, LF or both, and wherever its chunks were cut. */
async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const text = decoder.decode(value, { stream: true });
      const isWithin = !/[\r\n]/.test(text) && !rest.endsWith("\r");
      rest += text;
      if (isWithin) continue; // a long line comes in many chunks, and is not looked through anew for each
      // A CR at the end may be the first half of a CRLF: it waits for what follows.
      const parts = rest.split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() as string;
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
