// A live view with a connection: it joins, takes events and messages one at a time, and tells the client what changed.

import { LiveSessionError } from "../core/errors.ts";
import type { LiveSession, LiveSessionMessage } from "../core/live-session.ts";
import type { EndReason } from "../core/store.ts";
import { admit } from "./admission.ts";
import { attachSession } from "./attach.ts";
import type { ComponentInstance } from "./components.ts";
import { Reply } from "./definitions.ts";
import { handlerOf, type Outcome, outcomeOf, patched } from "./events.ts";
import { Mailbox } from "./mailbox.ts";
import type { Params } from "./params.ts";
import { Renderer } from "./renderer.ts";
import type { RouteMatch } from "./router.ts";
import type { LiveViewServer } from "./server.ts";
import { noSession } from "./session.ts";
import { LiveSocket, type ViewCore } from "./socket.ts";
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
  #match: RouteMatch | null = null;
  #socket: LiveSocket | null = null;
  #renderer: Renderer | null = null;
  /** Of the session: the latest that waits takes the place of those before it. */
  #update: LiveSessionMessage<Data> | null = null;
  #over = false;

  constructor(server: LiveViewServer, link: Link) {
    this.#server = server;
    this.#link = link;
    this.#mailbox = new Mailbox((error) => this.#crash(error));
  }

  /** @param sessionId from the connection's cookie: the session is loaded afresh with each join */
  join(ref: string | null, payload: Payload, sessionId: string | null): void {
    this.#mailbox.add(async () => {
      try {
        await this.#join(ref, payload, sessionId);
      } catch (error) {
        if (this.#over) return;
        this.#server.report(error, { stage: "liveview:join", key: this.#live?.key });
        this.#link.reply(ref, "error", { reason: "join crashed" });
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
          await this.#info(message);
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
    const socket = this.#socket;
    try {
      if (socket) this.#match?.view.definition.terminate?.(socket);
    } catch (error) {
      this.#server.report(error, { stage: "liveview:terminate", key: this.#live?.key });
    }
    this.#renderer = null;
    this.#socket = null;
    this.#link.gone();
  }

  async #join(ref: string | null, payload: Payload, sessionId: string | null): Promise<void> {
    const live = await attachSession(this.#server.sessions, sessionId);
    this.#live = live;
    if (this.#over) return live?.detach(); // left while the session was loaded
    const admission = admit(this.#server, this.#link.topic, payload, live?.key ?? null, sessionId !== null);
    if (!admission.ok) {
      this.#link.reply(ref, "error", { reason: admission.reason });
      return this.release();
    }
    const { match, url, connectParams, flash } = admission;
    this.#match = match;
    live?.subscribe((message) => this.#sessionTold(message));
    const core = this.#core(admission.id, url, live, connectParams, flash);
    const socket = new LiveSocket(core);
    this.#socket = socket;
    this.#renderer = new Renderer(match.view, socket);
    await match.view.definition.mount?.(match.params, core.session, socket);
    if (!core.navigation) await match.view.definition.handleParams?.(match.params, url, socket);
    const outcome = await this.#settle();
    if (this.#over) return;
    if (outcome.leaves) {
      this.#link.reply(ref, "error", outcome.response);
      return this.release();
    }
    const rendered = this.#renderer.render() ?? {};
    this.#link.reply(ref, "ok", { rendered, liveview_version: this.#server.version, ...outcome.response });
  }

  #core(
    id: string,
    url: URL,
    live: LiveSession<Data> | null,
    connectParams: Params,
    flash: ViewCore["flash"],
  ): ViewCore {
    return {
      id,
      connected: true,
      connectParams,
      url,
      live,
      session: live ? live.data : noSession(),
      subscribed: false,
      flash,
      title: undefined,
      events: [],
      navigation: null,
      streamCount: 0,
      changed: (cid) => this.#renderer?.changed(cid),
      deliver: (message) => this.#add(() => this.#inform(message)),
      deliverTo: (component, props) =>
        this.#add(() => {
          const instance = this.#renderer?.components.find(component, props.id);
          instance?.update(instance.withProps(props));
          return this.#tell(null, null);
        }),
    };
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

  /** A message for `handleInfo`, and what comes of it. Those of the session only where the view asked for them. */
  async #inform(message: unknown): Promise<void> {
    await this.#info(message);
  }

  async #info(message: unknown): Promise<void> {
    const socket = this.#socket;
    if (!socket || !this.#match) return;
    if (isOfSession(message) && !socket.core.subscribed) return;
    await this.#match.view.definition.handleInfo?.(message as LiveSessionMessage<Data>, socket);
    await this.#tell(null, null);
  }

  async #receive(ref: string | null, event: string, payload: Payload): Promise<void> {
    const socket = this.#socket;
    const components = this.#renderer?.components;
    if (!socket || !components || !this.#match) return;
    switch (event) {
      case "event": {
        const target = typeof payload.cid === "number" ? components.get(payload.cid) : null;
        if (target === undefined) return this.#link.reply(ref, "ok", {}); // was just taken out of the page
        const result = await this.#handle(target, payload);
        return this.#tell(ref, result instanceof Reply ? result : null);
      }
      case "live_patch": {
        const match = patched(this.#server.router, this.#match, payload.url);
        if (!match) return this.#link.reply(ref, "ok", { link_redirect: true });
        await this.#patch(match.match, match.url);
        return this.#tell(ref, null);
      }
      case "cids_will_destroy":
        components.doom(numbers(payload.cids));
        return this.#link.reply(ref, "ok", {});
      case "cids_destroyed":
        return this.#link.reply(ref, "ok", { cids: components.remove(numbers(payload.cids)) });
      default:
        throw new LiveSessionError("bad_message", `Live views know no message ${JSON.stringify(event.slice(0, 64))}.`);
    }
  }

  #handle(target: ComponentInstance | null, payload: Payload): unknown {
    const socket = this.#socket as LiveSocket;
    const definition = target ? target.component.definition : (this.#match as RouteMatch).view.definition;
    return handlerOf(definition.handleEvent as never, payload)(target ? target.socket : socket);
  }

  async #patch(match: RouteMatch, url: URL): Promise<void> {
    const socket = this.#socket as LiveSocket;
    this.#match = match;
    socket.core.url = url;
    socket.core.changed(null); // `render` may show the URL
    await match.view.definition.handleParams?.(match.params, url, socket);
  }

  /** Follows patches that callbacks ask for, to the place where none asks for another. */
  async #settle(): Promise<Outcome> {
    const { core } = this.#socket as LiveSocket;
    return outcomeOf(core, this.#server, async (url) => {
      const match = patched(this.#server.router, this.#match as RouteMatch, url.href);
      if (!match)
        throw new LiveSessionError("bad_option", `pushPatch: ${url.pathname} is another live view: use pushNavigate.`);
      await this.#patch(match.match, url);
    });
  }

  /** Tells the client what came of a callback: in the answer to its event, or by itself. */
  async #tell(ref: string | null, reply: Reply | null): Promise<void> {
    const outcome = await this.#settle();
    if (this.#over || !this.#renderer) return;
    const tree: WireTree | null = this.#renderer.render();
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

function isOfSession(message: unknown): boolean {
  const type = (message as { type?: unknown } | null)?.type;
  return type === "live_session_updated" || type === "live_session_status" || type === "live_session_ended";
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "number") : [];
}
