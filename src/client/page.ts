// The page around the client, where there is one.

/** Calls `wake` when the browser is online again and when the tab is looked at. Returns the function that ends this. */
export function onWake(wake: () => void): () => void {
  const { document } = globalThis;
  const over = new AbortController();
  globalThis.addEventListener?.("online", wake, over);
  document?.addEventListener("visibilitychange", () => document.hidden || wake(), over);
  return () => over.abort();
}

/** Throws an error of the page's own code where it harms nothing here, but is seen: as an uncaught one. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function setTimer(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
