// What browsers may see and do: a view of the data and named actions, the same for every transport.

import { LiveSessionError } from "./errors.ts";
import { hiddenField } from "./hidden-field.ts";
import type { LiveSessions } from "./hub.ts";
import { copyJson } from "./json.ts";
import type { LiveSession } from "./live-session.ts";
import { describeIssues, isSchema, type StandardSchema, validate } from "./schema.ts";
import { isSessionMap, type Session, type SessionMark } from "./session-map.ts";
import type { JsonObject, MaybePromise } from "./store.ts";
import type { ActionTypes, AppTypes } from "./wire.ts";

/** A named thing that a browser can ask for: a schema for the input, and what to do with it. */
export interface Action<Data extends object, Input, Output> extends ActionTypes<Input, Sent<Output>> {
  readonly schema: StandardSchema | null;
  /** What it returns must be JSON and goes back to the browser that called; session maps in it, at any depth, do not. */
  readonly run: (session: LiveSession<Data>, input: never) => MaybePromise<Output>;
}

/**
 * What a browser gets of an action's output: session maps, given back in passing, stay on the server, however deep they
 * are in it. In an array each leaves `null`, so that the others keep their places.
 */
type Sent<Output> = unknown extends Output
  ? Output // `any` and `unknown` say nothing that could be taken away
  : Output extends string | number | boolean | null | undefined
    ? Output
    : Output extends readonly unknown[]
      ? SentItems<Output>
      : SessionMark extends keyof Output
        ? undefined
        : { [Key in keyof Output as SentKey<Key, Output[Key]>]: Sent<Output[Key]> };

type SentItems<Items extends readonly unknown[]> = { [Index in keyof Items]: SentItem<Items[Index]> };

type SentItem<Item> = unknown extends Item ? Item : Item extends unknown ? NullFor<Item, Sent<Item>> : never;

type NullFor<Item, Output> = Item extends undefined ? Item : Output extends undefined ? null : Output;

/** A key that never has anything but a session map is not there. Not recursive, as types that hold themselves need. */
type SentKey<Key, Value> = unknown extends Value ? Key : [Sendable<Value>] extends [never] ? never : Key;

type Sendable<Value> = Value extends undefined ? never : SessionMark extends keyof Value ? never : Value;

export interface AppDefinition<Data extends object, View, Actions extends Record<string, unknown>> {
  /**
   * What every browser of the session sees of its data: JSON. Called once for each version, not for each connection;
   * must be pure. Default: nothing (`null`).
   */
  readonly view?: (data: Session<Data>) => View;
  /** All that a browser can call, by name. Default: none. */
  readonly actions?: Actions;
}

/** A view and actions. Pass its type to the browser's `connect<typeof app>()`. */
export interface LiveApp<Data extends object, View, Actions extends Record<string, unknown>>
  extends AppTypes<View, Actions> {
  readonly sessions: LiveSessions<Data>;
  /** The view of a session map as JSON text; made once for each map. */
  viewText(session: Session<Data>): string;
  /**
   * Runs an action by its name, with input from outside. Resolves to its result as JSON text, or `undefined` if it
   * returned nothing.
   *
   * @throws LiveSessionError `rate_limited`, `unknown_action`, `invalid_input`, or whatever the action throws
   */
  run(live: LiveSession<Data>, name: unknown, input: unknown): Promise<string | undefined>;
}

/** The maker of actions for one kind of session data. */
export function makeAction<Data extends object>() {
  function action<Output = void>(
    run: (session: LiveSession<Data>) => MaybePromise<Output>,
  ): Action<Data, undefined, Output>;
  function action<Input, Parsed, Output = void>(
    schema: StandardSchema<Input, Parsed>,
    run: (session: LiveSession<Data>, input: Parsed) => MaybePromise<Output>,
  ): Action<Data, Input, Output>;
  function action(
    ...parts:
      | [run: (session: LiveSession<Data>) => unknown]
      | [schema: StandardSchema, run: (session: LiveSession<Data>, input: never) => unknown]
  ): Action<Data, unknown, unknown> {
    const [schema, run] = parts.length === 1 ? [null, parts[0]] : parts;
    if (schema !== null && !isSchema(schema)) {
      throw new LiveSessionError(
        "bad_option",
        "action: the first argument must be a Standard Schema (zod, valibot, ...).",
      );
    }
    if (typeof run !== "function") throw new LiveSessionError("bad_option", "action: what to run must be a function.");
    return { schema, run };
  }
  return action;
}

export function makeApp<Data extends object, View, Actions extends Record<string, unknown>>(
  sessions: LiveSessions<Data>,
  { view, actions }: AppDefinition<Data, View, Actions>,
): LiveApp<Data, View, Actions> {
  const table = new Map<unknown, Action<Data, unknown, unknown>>();
  for (const [name, action] of Object.entries(actions ?? {})) {
    if (!isAction<Data>(action)) {
      throw new LiveSessionError("bad_option", `actions.${name} must be made with sessions.action(schema, run).`);
    }
    table.set(name, action);
  }
  const texts = hiddenField<string>();
  return {
    sessions,

    viewText(session) {
      let text = texts.get(session);
      if (text === undefined) {
        text = view ? JSON.stringify(copyJson(view(session) ?? null, "view")) : "null";
        texts.set(session, text);
      }
      return text;
    },

    async run(live, name, input) {
      live.countAction();
      const action = table.get(name);
      if (!action)
        throw new LiveSessionError("unknown_action", `There is no action ${JSON.stringify(shortName(name))}.`);
      const result = await action.run(live, (await parseInput(action.schema, input)) as never);
      const sent = withoutSessionMaps(result, 0);
      return sent === undefined ? undefined : JSON.stringify(copyJson(sent, "result"));
    },
  };
}

/** Deeper than copyJson takes values, so that what is left as it is here is refused there. */
const DEPTH = 100;

/**
 * What put and update give back, returned in passing, must not carry the whole session to the browser: not from within
 * what Promise.all made of several, either. Session maps are known by their identity, so this goes before any copy.
 */
function withoutSessionMaps(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth === DEPTH) return value;
  if (isSessionMap(value)) return undefined;
  if (Array.isArray(value)) {
    return value.map((item) => (isSessionMap(item) ? null : withoutSessionMaps(item, depth + 1)));
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value; // copyJson names what it is
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSessionMaps(inner, depth + 1)]));
}

async function parseInput(schema: StandardSchema | null, input: unknown): Promise<unknown> {
  if (schema === null) {
    if (input === undefined) return undefined;
    throw new LiveSessionError("invalid_input", "This action takes no input.", { issues: [] });
  }
  const result = await validate(schema, input);
  if (!("issues" in result)) return result.value;
  const message = `The input is not valid: ${describeIssues(result.issues)}`;
  throw new LiveSessionError("invalid_input", message, { issues: result.issues });
}

function isAction<Data extends object>(value: unknown): value is Action<Data, unknown, unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as JsonObject).run === "function" && "schema" in value
  );
}

/** Names come from outside: an error shows only so much of them. */
function shortName(name: unknown): string {
  return typeof name === "string" ? name.slice(0, 64) : typeof name;
}
