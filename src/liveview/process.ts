// A live view as its connection knows it: it joins, takes messages one at a time, tells the client what changed, and ends.

import { LiveSessionError } from "../core/errors.ts";
import { limitError } from "../core/limits.ts";
import type { LiveSession, LiveSessionMessage } from "../core/live-session.ts";
import type { EndReason } from "../core/store.ts";
import { admit, NO_COOKIE } from "./admission.ts";
import { attachSession } from "./attach.ts";
import type { Peer } from "./connection.ts";
import { Reply } from "./definitions.ts";
import { Mailbox } from "./mailbox.ts";
import { MountedView } from "./mounted-view.ts";
import type { LiveViewServer } from "./server.ts";
import { noSession } from "./session.ts";
import { REPLY, type WireTree } from "./wire.ts";

type Payload = Readonly<Record<string, unknown>>;
type Data = Record<string, unknown>;

/** The process's way to its client. */
export interface Link {
  readonly topic: string;
  reply(ref: string | null, status: "ok" | "error", response: object): void;
  push(event: string, payload: object): void;
  /** The view is over: nothing comes from it any more. */
  gone(): void;
  sessionEnded(reason: EndReason): void;
}

export class ViewProcess {
  readonly #server: LiveViewServer;
  readonly #link: Link;
  readonly #mailbox: Mailbox;
  #live: LiveSession<Data> | null = null;
  #view: MountedView | null = null;
  /** Of the session: the latest that waits takes the place of those before it. */
  #update: LiveSessionMessage<Data> | null = null;
  #over = false;

  constructor(server: LiveViewServer, link: Link) {
    this.#server = server;
    this.#link = link;
    this.#mailbox = new Mailbox((error) => this.#crash(error));
  }

  /** The session is loaded afresh with each join. */
  join(ref: string | null, payload: Payload, peer: Peer): void {
    this.#mailbox.add(async () => {
      try {
        await this.#join(ref, payload, peer);
      } catch (error) {
        if (this.#over) return;
        const limit = limitError(error);
        if (!limit) this.#server.report(error, { stage: "liveview:join", key: this.#live?.key });
        this.#link.reply(ref, "error", { reason: limit?.code ?? "join crashed" });
        this.release();
      }
    });
  }

  receive(ref: string | null, event: string, payload: Payload): void {
    this.#add(() => this.#receive(ref, event, payload));
  }

  /** The session ended: the view is told, if it listens, and is over. Resolves when it is. */
  end(message: LiveSessionMessage<Data>): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) return resolve();
      this.#mailbox.add(async () => {
        try {
          await this.#inform(message);
        } catch (error) {
          this.#server.report(error, { stage: "liveview", key: this.#live?.key });
        }
        this.release();
        resolve();
      });
    });
  }

  /** Ends the view and lets go of all that it held. Idempotent. */
  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#mailbox.close();
    this.#live?.detach();
    try {
      this.#view?.terminate();
    } catch (error) {
      this.#server.report(error, { stage: "liveview:terminate", key: this.#live?.key });
    }
    this.#view = null;
    this.#link.gone();
  }

  async #join(ref: string | null, payload: Payload, peer: Peer): Promise<void> {
    const { sessions, activity } = this.#server;
    const live = await attachSession(sessions, peer.sessionId, activity);
    this.#live = live;
    if (this.#over) return live?.detach(); // left while the session was loaded
    const admission = admit(this.#server, this.#link.topic, payload, live?.key ?? null, peer);
    if (!admission.ok) {
      if (admission.reason === NO_COOKIE) this.#server.cookieMissed();
      this.#link.reply(ref, "error", { reason: admission.reason });
      return this.release();
    }
    live?.subscribe((message) => this.#sessionTold(message));
    const { match, id, url, flash, connectParams } = admission;
    const csrfToken = this.#server.tokens.makeCsrf(live?.key ?? null);
    const facts = { id, url, flash, connectParams, live, session: live ? live.data : noSession(), csrfToken };
    const view = new MountedView(this.#server, match, facts, (task) => this.#add(() => this.#run(task)));
    this.#view = view;
    await view.mount();
    const outcome = await view.settle();
    if (this.#over) return;
    if (outcome.leaves) {
      this.#link.reply(ref, "error", outcome.response);
      return this.release();
    }
    const rendered = view.render() ?? {};
    this.#link.reply(ref, "ok", { rendered, liveview_version: this.#server.version, ...outcome.response });
  }

  #sessionTold(message: LiveSessionMessage<Data>): void {
    if (message.type === "live_session_ended") return this.#link.sessionEnded(message.reason);
    if (message.type !== "live_session_updated") return this.#add(() => this.#inform(message));
    const waits = this.#update !== null;
    this.#update = message;
    if (waits) return;
    this.#add(() => {
      const latest = this.#update as LiveSessionMessage<Data>;
      this.#update = null;
      return this.#inform(latest);
    });
  }

  #inform(message: LiveSessionMessage<Data>): Promise<void> {
    return this.#run(() => this.#view?.inform(message));
  }

  /** Does something with the view, and tells the client what came of it. */
  async #run(task: () => unknown): Promise<void> {
    await task();
    await this.#tell(null, null);
  }

  async #receive(ref: string | null, event: string, payload: Payload): Promise<void> {
    const view = this.#view;
    if (!view) return;
    switch (event) {
      case "event": {
        const result = await view.handle(payload);
        return this.#tell(ref, result instanceof Reply ? result : null);
      }
      case "live_patch": {
        if (await view.patch(payload.url)) return this.#tell(ref, null);
        return this.#link.reply(ref, "ok", { link_redirect: true });
      }
      case "cids_will_destroy":
        view.components.doom(numbers(payload.cids));
        return this.#link.reply(ref, "ok", {});
      case "cids_destroyed":
        return this.#link.reply(ref, "ok", { cids: view.components.remove(numbers(payload.cids)) });
      default:
        throw new LiveSessionError("bad_message", `Live views know no message ${JSON.stringify(event.slice(0, 64))}.`);
    }
  }

  /** Tells the client what came of a callback: in the answer to its event, or by itself. */
  async #tell(ref: string | null, reply: Reply | null): Promise<void> {
    const outcome = await this.#view?.settle();
    if (!outcome || !this.#view) return; // it was over before, or is now
    const tree = this.#view.render();
    const diff = reply ? { ...tree, [REPLY]: reply.payload as WireTree } : tree;
    if (ref !== null) this.#link.reply(ref, "ok", { ...(diff && { diff }), ...outcome.response });
    else {
      if (diff) this.#link.push("diff", diff);
      for (const [event, payload] of Object.entries(outcome.response)) this.#link.push(event, payload as object);
    }
    if (outcome.leaves) this.release();
  }

  #add(task: () => unknown): void {
    if (this.#mailbox.size < this.#server.maxWaiting) return this.#mailbox.add(task);
    this.#crash(
      new LiveSessionError("too_many_calls", `More than ${this.#server.maxWaiting} messages wait for a live view.`),
    );
  }

  /** As a process of Phoenix: the client is told, joins again, and finds the view new. */
  #crash(error: unknown): void {
    if (this.#over) return;
    this.#server.report(error, { stage: "liveview", key: this.#live?.key });
    this.#link.push("phx_error", {});
    this.release();
  }
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "number") : [];
}
