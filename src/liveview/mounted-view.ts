// A live view with a connection: its callbacks, and what its client has to be told after them.

import type { LiveSessionMessage } from "../core/live-session.ts";
import type { Components } from "./components.ts";
import { handlerOf } from "./events.ts";
import { type Outcome, outcomeOf, patched, patchTarget } from "./navigation.ts";
import { Renderer } from "./renderer.ts";
import type { RouteMatch } from "./router.ts";
import type { LiveViewServer } from "./server.ts";
import { LiveSocket } from "./socket.ts";
import { type CoreFacts, makeCore } from "./view-core.ts";
import type { WireTree } from "./wire.ts";

/** What runs before anything is shown, for the page and for the connection alike. */
export async function mount({ view, params }: RouteMatch, socket: LiveSocket): Promise<void> {
  const { core } = socket;
  await view.definition.mount?.(params, core.session, socket);
  if (!core.navigation) await view.definition.handleParams?.(params, core.url, socket);
}

export class MountedView {
  readonly #server: LiveViewServer;
  readonly #socket: LiveSocket;
  readonly #renderer: Renderer;
  #match: RouteMatch;

  /** @param later runs a task when what came before it is done, and tells the client what came of it */
  constructor(server: LiveViewServer, match: RouteMatch, facts: CoreFacts, later: (task: () => unknown) => void) {
    this.#server = server;
    this.#match = match;
    const core = makeCore({
      ...facts,
      connected: true,
      changed: (cid) => this.#renderer.changed(cid),
      deliver: (message) => later(() => this.inform(message)),
      deliverTo: (component, props) =>
        later(() => {
          const instance = this.components.find(component, props.id);
          instance?.update(instance.withProps(props));
        }),
    });
    this.#socket = new LiveSocket(core);
    this.#renderer = new Renderer(match.view, this.#socket);
  }

  get components(): Components {
    return this.#renderer.components;
  }

  mount(): Promise<void> {
    return mount(this.#match, this.#socket);
  }

  /** A message for `handleInfo`. Those of the session only where the view asked for them. */
  async inform(message: unknown): Promise<void> {
    if (isOfSession(message) && !this.#socket.core.subscribed) return;
    const { handleInfo } = this.#match.view.definition;
    await handleInfo?.(message as LiveSessionMessage<Record<string, unknown>>, this.#socket);
  }

  /**
   * Runs what handles an event; nothing where that is a component that was just taken out of the page.
   *
   * @returns what the handler did
   */
  async handle(payload: Readonly<Record<string, unknown>>): Promise<unknown> {
    const target = typeof payload.cid === "number" ? this.components.get(payload.cid) : null;
    if (target === undefined) return;
    const { handleEvent } = target ? target.component.definition : this.#match.view.definition;
    return handlerOf(handleEvent as never, payload)(target ? target.socket : this.#socket);
  }

  /** Goes to another URL of the view; `false` if it is none. */
  async patch(href: unknown): Promise<boolean> {
    const target = patched(this.#server.router, this.#match, this.#socket.core.url, href);
    if (target) await this.#goTo(target);
    return target !== null;
  }

  /** Where the callbacks that ran want the browser to be. */
  settle(): Promise<Outcome> {
    const { core } = this.#socket;
    return outcomeOf(core, this.#server, (to) =>
      this.#goTo(patchTarget(this.#server.router, this.#match, core.url, to)),
    );
  }

  /** What the client has to be told since the last time; `null` if nothing. */
  render(): WireTree | null {
    return this.#renderer.render();
  }

  terminate(): void {
    this.#match.view.definition.terminate?.(this.#socket);
  }

  async #goTo({ match, url }: { readonly match: RouteMatch; readonly url: URL }): Promise<void> {
    this.#match = match;
    this.#socket.core.url = url;
    this.#socket.core.changed(null); // `render` may show the URL
    await match.view.definition.handleParams?.(match.params, url, this.#socket);
  }
}

function isOfSession(message: unknown): boolean {
  const type = (message as { type?: unknown } | null)?.type;
  return typeof type === "string" && Object.hasOwn(ofSession, type);
}

const ofSession: Record<LiveSessionMessage<object>["type"], true> = {
  live_session_updated: true,
  live_session_ended: true,
  live_session_status: true,
  live_session_expiring: true,
  live_session_extended: true,
};
