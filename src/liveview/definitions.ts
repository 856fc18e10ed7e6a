// How views and components are written.

import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessionMessage } from "../core/live-session.ts";
import { describeIssues, type StandardSchema, validate } from "../core/schema.ts";
import type { DeepReadonly, Session } from "../core/session-map.ts";
import type { MaybePromise } from "../core/store.ts";
import type { Params } from "./params.ts";
import type { LiveSocket } from "./socket.ts";
import { type LiveStream, StreamRows } from "./streams.ts";
import { type Html, Placed, type Renderable } from "./template.ts";
import type { Flash } from "./view-core.ts";

/** What a handler may return: `reply(...)`, which the browser's `pushEvent` gets. Anything else counts as nothing. */
export type EventHandler<Socket> = {
  // A method, so that handlers may say what params they expect.
  handle(params: Params, socket: Socket): unknown;
}["handle"];

export type EventHandlers<Socket> = Readonly<Record<string, EventHandler<Socket>>>;

/** Beside the assigns, what `render` may use. */
export interface RenderTools {
  readonly id: string;
  readonly connected: boolean;
  readonly flash: Flash;
  readonly url: URL;
  /** For a hidden field of a form that is posted to the app, which asks `views.checkCsrf` for it. */
  readonly csrfToken: string;
  /** The items of a stream that have to be sent. The container needs an `id` and `phx-update="stream"`. */
  stream<Item>(definition: LiveStream<Item>, render: (item: Item, domId: string) => Renderable): Renderable;
}

export interface LiveViewDefinition<Assigns extends object, Data extends object, Message = never> {
  /** Runs for the page, without a connection, and again when the browser has connected. */
  mount?(params: Params, session: Session<Data>, socket: LiveSocket<Assigns, Data, Message>): MaybePromise<unknown>;
  /** Runs after `mount`, and whenever the URL changes within the view. */
  handleParams?(params: Params, url: URL, socket: LiveSocket<Assigns, Data, Message>): MaybePromise<unknown>;
  /** By the name of the event. One runs at a time, in the order in which they came. */
  readonly handleEvent?: EventHandlers<LiveSocket<Assigns, Data, Message>>;
  /** Messages: of the session after `maybeSubscribe`, and what `send` was given. */
  handleInfo?(
    message: LiveSessionMessage<Data> | Message,
    socket: LiveSocket<Assigns, Data, Message>,
  ): MaybePromise<unknown>;
  /** Runs once when a view with a connection is over, for whatever reason: the place to stop timers. */
  terminate?(socket: LiveSocket<Assigns, Data, Message>): void;
  /** Must be pure. */
  render(assigns: DeepReadonly<Assigns>, tools: RenderTools): Html;
}

/** A live view, whatever its types are. */
export interface LiveView {
  readonly definition: LiveViewDefinition<Record<string, unknown>, Record<string, unknown>, unknown>;
}

/**
 * Defines a live view: a page that lives on the server.
 *
 * @typeParam Assigns what it shows
 * @typeParam Data the session, as given to `createLiveSessions`
 * @typeParam Message what `send` may be given for `handleInfo`
 */
export function liveView<
  Assigns extends object,
  Data extends object = Record<string, unknown>,
  Message extends object = never,
>(definition: LiveViewDefinition<Assigns, Data, Message>): LiveView {
  if (typeof definition?.render !== "function") {
    throw new LiveSessionError("bad_option", "liveView: a view needs at least a render function.");
  }
  return { definition: definition as unknown as LiveView["definition"] };
}

export interface LiveComponentDefinition<Props extends object, State extends object, Data extends object> {
  /** Once, before the first `update`. */
  mount?(socket: LiveSocket<Props & State, Data, never>): void;
  /** When the parent passes other props. Default: assigns them. */
  update?(props: DeepReadonly<Props>, socket: LiveSocket<Props & State, Data, never>): void;
  /** Events of elements with `phx-target="${myself}"`. */
  readonly handleEvent?: EventHandlers<LiveSocket<Props & State, Data, never>>;
  /** Must be pure, and be one element. */
  render(assigns: DeepReadonly<Props & State>, tools: RenderTools & { readonly myself: number }): Html;
}

/** Puts a component into a template: `${Counter({ id: "first", start: 3 })}`. The id makes it the same as before. */
export interface LiveComponent<Props extends object> {
  (props: Props & { readonly id: string | number }): Placed;
  readonly definition: LiveComponentDefinition<Record<string, unknown>, object, Record<string, unknown>>;
}

/** A component in a template. */
export class ComponentCall extends Placed {
  override readonly kind = "component";
  readonly component: LiveComponent<Record<string, unknown>>;
  readonly props: { readonly id: string | number } & Readonly<Record<string, unknown>>;

  constructor(component: ComponentCall["component"], props: ComponentCall["props"]) {
    super();
    this.component = component;
    this.props = props;
  }
}

/**
 * Defines a component: a part of a view with state and events of its own, which is rendered alone when only it changed.
 *
 * @typeParam Props what its parent passes
 * @typeParam State what it keeps itself
 */
export function liveComponent<
  Props extends object,
  State extends object = Record<never, never>,
  Data extends object = Record<string, unknown>,
>(definition: LiveComponentDefinition<Props, State, Data>): LiveComponent<Props> {
  const make = (props: Props & { readonly id: string | number }) =>
    new ComponentCall(component as unknown as ComponentCall["component"], props as unknown as ComponentCall["props"]);
  const component = Object.assign(make, { definition }) as unknown as LiveComponent<Props>;
  return component;
}

/** Hands a component new props from the view, without rendering the view. A component that is gone hears nothing. */
export function sendUpdate<Props extends object>(
  socket: { readonly core: { deliverTo(component: object, props: { readonly id: string | number }): void } },
  component: LiveComponent<Props>,
  props: Partial<Props> & { readonly id: string | number },
): void {
  socket.core.deliverTo(component, props);
}

/** The answer to an event. */
export class Reply {
  readonly payload: object;

  constructor(payload: object) {
    this.payload = payload;
  }
}

/** What a handler returns to answer the browser's `pushEvent`. @param payload JSON */
export function reply(payload: object): Reply {
  return new Reply(payload);
}

/**
 * A handler whose params a schema must pass; it gets what the schema put out. What does not pass was not sent by this
 * page: it ends the view as any error in a handler does.
 */
export function event<Parsed, Socket>(
  schema: StandardSchema<unknown, Parsed>,
  handle: (params: Parsed, socket: Socket) => unknown,
): EventHandler<Socket> {
  return async (params, socket) => {
    const result = await validate(schema, params);
    if (!("issues" in result)) return handle(result.value as Parsed, socket);
    throw new LiveSessionError("invalid_input", `The event is not valid: ${describeIssues(result.issues)}`, {
      issues: result.issues,
    });
  };
}

/** The tools that `render` gets. */
export function toolsOf(socket: LiveSocket): RenderTools {
  const { core } = socket;
  return {
    id: core.id,
    connected: core.connected,
    flash: core.flash,
    url: core.url,
    csrfToken: core.csrfToken,
    stream: (definition, render) => new StreamRows(socket.streamBuffer(definition.name), render),
  };
}
