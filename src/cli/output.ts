// Where results go: JSON for programs, texts for people. Results on stdout, all else on stderr.

export interface Output {
  readonly json: boolean;
  /** A result: one JSON document on a line, or the text that says the same. */
  result(value: unknown, text: () => string): void;
  /** A remark for people, which no program reads. */
  remark(text: string): void;
}

export function outputOf({ json = false }: { readonly json?: boolean | undefined }): Output {
  return {
    json,
    result: (value, text) => void process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`),
    remark: (text) => void process.stderr.write(`${text}\n`),
  };
}
