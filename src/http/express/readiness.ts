// Whether the store can be reached, in the middleware's own words: `disconnect` and `connect`.

import { LiveSessionError } from "../../core/errors.ts";
import { sessionKey } from "../../core/ids.ts";
import type { Hub } from "../shared/working-copy.ts";

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Reading this key costs what any read costs; no id has it. */
const probe = sessionKey("");

export class Readiness {
  readonly #hub: Hub;
  readonly #emit: (event: "disconnect" | "connect") => void;
  #probing = false;

  constructor(hub: Hub, emit: (event: "disconnect" | "connect") => void) {
    this.#hub = hub;
    this.#emit = emit;
  }

  /**
   * Takes an error that a caller was given. After a failure of the store, asks it once more: one lost query must not
   * take the session away from every request. Only if that fails too is the store `disconnect`ed, until a probe succeeds.
   */
  failed(error: unknown): void {
    if (this.#probing || !(error instanceof LiveSessionError) || error.code !== "store_failed") return;
    this.#probing = true;
    void this.#check(FIRST_WAIT_MS, false);
  }

  async #check(wait: number, disconnected: boolean): Promise<void> {
    const { records, clock } = this.#hub;
    try {
      await records.read(probe);
    } catch {
      if (!disconnected) this.#tell("disconnect");
      clock.after(wait, () => void this.#check(Math.min(wait * 2, LONGEST_WAIT_MS), true));
      return;
    }
    this.#probing = false;
    if (disconnected) this.#tell("connect");
  }

  /** A listener that throws must not end the probing, which would leave requests without sessions for good. */
  #tell(event: "disconnect" | "connect"): void {
    try {
      this.#emit(event);
    } catch (error) {
      this.#hub.report(error, { stage: "express-session" });
    }
  }
}
