// Progress of long work, and questions before it: on a terminal only.

import { confirm, progress } from "@clack/prompts";
import { usage } from "./failures.ts";

export interface Progress {
  /** So much more is done. */
  advance(count: number): void;
  done(text: string): void;
}

/** A bar on stderr, so that results on stdout stay what they are; nothing where there is no terminal. */
export function progressBar(title: string, total: number): Progress {
  if (!process.stderr.isTTY || total === 0) return { advance() {}, done() {} };
  const bar = progress({ max: total, output: process.stderr, style: "block" });
  let count = 0;
  bar.start(title);
  return {
    advance(more) {
      count += more;
      bar.advance(more, `${title}: ${count} of ${total}`);
    },
    done: (text) => bar.stop(text),
  };
}

/**
 * Asks whether to go on.
 *
 * @throws CliError `bad_usage` where nobody can be asked
 */
export async function agreed(
  question: string,
  { yes = false }: { readonly yes?: boolean | undefined },
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw usage(`${question} There is no terminal to ask at: say it with --yes.`);
  }
  return (await confirm({ message: question, initialValue: false, output: process.stderr })) === true;
}
