// URLs that come from outside.

/**
 * `null` if it is none. Not by way of `URL.canParse`: once a process is warm, that of Node 20 says yes to some texts in
 * Latin-1 on which `new URL` then throws.
 */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
