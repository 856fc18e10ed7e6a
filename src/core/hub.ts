// The hub: store, bus and options in one object that everything else talks to.

import { type AppDefinition, type LiveApp, makeAction, makeApp } from "./app.ts";
import type { AttachedConnection, AttachedFigures } from "./attached.ts";
import type { SessionBus } from "./bus.ts";
import { type Clock, every } from "./clock.ts";
import { OBSERVER, tellError } from "./diagnostics.ts";
import { changesOf, updateKey } from "./edits.ts";
import type { ErrorContext } from "./errors.ts";
import { generateSessionId, type SessionId, type SessionKey, sessionKey } from "./ids.ts";
import { checkKey, copyJson } from "./json.ts";
import type { LimitSettings } from "./limit-options.ts";
import { type Allowance, Limits, type Refused } from "./limits.ts";
import { type AttachOptions, LiveSession, type LiveSessionContext } from "./live-session.ts";
import { attempt } from "./maybe.ts";
import {
  type BindOptions,
  checkBinding,
  Ownership,
  type PrincipalLimit,
  type PrincipalSessions,
  type SessionReference,
} from "./ownership.ts";
import { SessionRecords } from "./records.ts";
import { type RegenerateOptions, regenerate } from "./regenerate.ts";
import type { StandardSchema } from "./schema.ts";
import { type MapOrigin, type MapWriter, type Session, sessionMap } from "./session-map.ts";
import type { EndReason, JsonObject, SessionStore } from "./store.ts";
import type { Topic } from "./topic.ts";
import { Topics } from "./topics.ts";
import { SessionWriter } from "./writer.ts";

/** Options as the hub takes them: checked, with every default filled in. Times in ms. */
export interface HubOptions {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  readonly lifetime: number;
  readonly deadline: number | null;
  readonly cleanInterval: number;
  readonly checkInterval: number;
  /** `null`: goes by the lifetime of each session. */
  readonly touchInterval: number | null;
  readonly timeout: number;
  readonly endedRetention: number;
  readonly rotationGrace: number;
  readonly expiryNotice: number;
  readonly principalLimit: PrincipalLimit | null;
  readonly limits: LimitSettings;
  readonly maxBytes: number;
  readonly schema: StandardSchema | undefined;
  readonly clock: Clock;
  readonly onError: (error: unknown, context: ErrorContext) => void;
}

/** A session that was just made. */
export interface CreatedSession<Data extends object> {
  /** The secret for the cookie. */
  readonly id: SessionId;
  readonly key: SessionKey;
  readonly session: Session<Data>;
}

/** Live sessions of one kind of data: the one object that an app makes, with `createLiveSessions`. */
export class LiveSessions<Data extends object> implements MapWriter {
  /** For adapters: reads and writes of records, checked and told to subscribers. */
  readonly records: SessionRecords;
  /** For adapters: writes of data that obey the schema. */
  readonly writer: SessionWriter;
  /** For adapters: whose session it is. */
  readonly ownership: Ownership;
  /** For adapters: how much those at the other end may ask. */
  readonly limits: Limits;
  /** For adapters: takes errors that no caller waits for. */
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** For adapters: the time that expiry goes by on this node. */
  readonly clock: Clock;
  readonly #options: HubOptions;
  readonly #topics: Topics;
  readonly #context: LiveSessionContext;
  readonly #stopSweeping: () => void;
  #closed: Promise<void> | null = null;

  /** For `createLiveSessions`. */
  constructor(options: HubOptions) {
    const { onError, schema, maxBytes, clock, timeout } = options;
    this.#options = options;
    const report = (error: unknown, context: ErrorContext) => {
      if (context.stage !== OBSERVER) tellError(this, error, context);
      onError(error, context);
    };
    this.report = report;
    this.clock = clock;
    this.limits = new Limits(options.limits, clock);
    const map = (key: SessionKey, incarnation: string, data: JsonObject) => this.#map(key, incarnation, data);
    const shared = { ...options, report, sessions: this };
    this.#topics = new Topics({ ...shared, map });
    this.records = new SessionRecords(shared, this.#topics.local);
    this.#topics.use(this.records);
    this.ownership = new Ownership(this.records, options.principalLimit);
    this.writer = new SessionWriter({ records: this.records, topics: this.#topics, maxBytes, schema, clock, timeout });
    this.#context = {
      writer: this.writer,
      now: () => clock.now(),
      report,
      map,
      active: (topic) => this.#active(topic),
      end: async (key, reason) => (await this.records.end(key, reason)) !== null,
      bind: (key, incarnation, binding) => this.ownership.bind(key, incarnation, binding),
      regenerate: (key, incarnation, options) => regenerate(this, { key, incarnation }, options),
    };
    this.#stopSweeping = every(clock, options.cleanInterval, async () => {
      this.limits.sweep();
      try {
        await this.records.sweep(options.endedRetention);
      } catch (error) {
        report(error, { stage: "sweep" });
      }
    });
  }

  /**
   * Attaches to the session with this id, which is the secret in the cookie. Activity, unless told otherwise: pushes the
   * idle lifetime.
   *
   * @throws LiveSessionError `unknown_session`, `session_ended`, `too_many_subscribers`, `store_failed`, `bus_failed`,
   *   `closed`
   */
  async attach(id: string, options?: AttachOptions): Promise<LiveSession<Data>> {
    return this.attachKey(sessionKey(id), options);
  }

  /**
   * As `attach`, for adapters and for those who know a session by its key.
   *
   * @param allowance of the connection that the handle is for: released when it is detached
   */
  async attachKey(
    key: SessionKey,
    options: AttachOptions = {},
    allowance: Allowance | null = null,
  ): Promise<LiveSession<Data>> {
    return this.#topics.open(key, (topic) => {
      this.limits.subscriber(topic.size);
      return new LiveSession<Data>(topic, this.#context, options, allowance);
    });
  }

  /** What this node has attached: sessions, and browsers' connections by transport. Goes through them all. */
  attached(): AttachedFigures {
    return this.#topics.attached();
  }

  /** The browsers' connections that this node has of one session. */
  connections(key: SessionKey): readonly AttachedConnection[] {
    return this.#topics.connections(key);
  }

  /**
   * The data of a session, or `null` if no live session has this id. Activity: pushes the idle lifetime.
   *
   * @throws LiveSessionError `store_failed`
   */
  async read(id: string): Promise<Session<Data> | null> {
    const key = sessionKey(id);
    const result = await this.records.read(key);
    if (result.state !== "live") return null;
    const { data, incarnation } = result.record;
    if (this.records.pushDue(result.record, result.now)) await this.records.touch(key, incarnation);
    return this.#map(key, incarnation, data) as Session<Data>;
  }

  /**
   * Makes a session outside any request, for tests, tools and sign-in by other ways. Middleware that loads it by its
   * cookie adds what it needs.
   *
   * @throws LiveSessionError `bad_key`, `not_json`, `too_large`, `invalid_data`, `store_failed`
   */
  async create(data: Partial<Data> = {}): Promise<CreatedSession<Data>> {
    const put: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(data)) {
      if (value === undefined) continue;
      checkKey(name);
      put[name] = copyJson(value, name);
    }
    const changes = await this.writer.checked({}, { put, delete: [] });
    const id = generateSessionId();
    const key = sessionKey(id);
    const result = await this.records.commit(key, { ...changes, mode: "create" });
    if (!result.ok) throw this.writer.refusal(result);
    return { id, key, session: this.#map(key, result.incarnation, changes.put) as Session<Data> };
  }

  /** Ends a session for good, wherever it is attached. Resolves to false if there was no live one. */
  async end(id: string, reason: EndReason = "destroyed"): Promise<boolean> {
    return (await this.records.end(sessionKey(id), reason)) !== null;
  }

  /**
   * Moves a session to a new id, as after login; the old one ends with `regenerated`. Put the new id in the cookie.
   *
   * @throws LiveSessionError `unknown_session`, `session_ended`, `bad_option`, `too_many_sessions`, `store_failed`
   */
  async regenerate(id: string, options: RegenerateOptions = {}): Promise<SessionId> {
    return regenerate(this, { key: sessionKey(id) }, options);
  }

  /**
   * Says whose session this is, as at login, atomically against every other write: from then on it is among `of(principal)`,
   * on every node. `null` for nobody's.
   *
   * @param session its id or a handle
   * @throws LiveSessionError `bad_option`, `unknown_session`, `session_ended`, `too_many_sessions`, `not_json`,
   *   `too_large`, `conflict`, `store_failed`
   */
  async bind(session: SessionReference, principal: string | null, options?: BindOptions): Promise<void> {
    const key = typeof session === "string" ? sessionKey(session) : session.key;
    await this.ownership.bind(key, undefined, checkBinding(principal, options));
  }

  /**
   * The sessions of a principal: to list them, and to end one, all others or all.
   *
   * @throws LiveSessionError `bad_option`; its methods `store_failed`
   */
  of(principal: string): PrincipalSessions {
    return this.ownership.of(principal);
  }

  /** Ends every session there is, on every node, whoever's it is. Resolves to how many. */
  endEveryone(reason: EndReason = "revoked"): Promise<number> {
    return this.ownership.endEveryone(reason);
  }

  /**
   * Defines what browsers may see and do, whatever connects them: `view` picks from the data what leaves the server
   * (default: nothing), `actions` are all that can be called.
   *
   * @throws LiveSessionError `bad_option`
   */
  app<View = null, Actions extends Record<string, unknown> = Record<never, never>>(
    definition: AppDefinition<Data, View, Actions>,
  ): LiveApp<Data, View, Actions> {
    return makeApp(this, definition);
  }

  /** An action for `app`, with a schema that its input must pass. */
  readonly action = makeAction<Data>();

  /** Compares every attached session with the store now, rather than at the next `checkInterval`. */
  check(): Promise<void> {
    return this.#topics.check();
  }

  /** How often each of the `limits` refused something on this node since it started: a copy, to be read now and then. */
  get refused(): Refused {
    return this.limits.refused;
  }

  /** Stops all timers, detaches every handle, closes bus and store (not the clients handed to them). Idempotent. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#stopSweeping();
      this.#topics.close();
      try {
        await this.#options.bus.close();
      } finally {
        await this.#options.store.close();
      }
    })();
    return this.#closed;
  }

  /** @internal For `putSession`. */
  async putKey({ key, incarnation }: MapOrigin, name: string, value: unknown): Promise<JsonObject> {
    const written = await this.writer.write({ key, incarnation }, changesOf(name, value));
    return this.#map(key, incarnation, written.data);
  }

  /** @internal For `updateSession`. */
  async updateKey(origin: MapOrigin, name: string, change: (value: unknown) => unknown): Promise<JsonObject> {
    const written = await updateKey(this.writer, origin, name, change);
    return this.#map(origin.key, origin.incarnation, written.data);
  }

  #map(key: SessionKey, incarnation: string, data: JsonObject): JsonObject {
    return sessionMap(data, { hub: this, key, incarnation });
  }

  #active(topic: Topic): void {
    const { key, snapshot, expiry } = topic;
    if (!snapshot || expiry.capped || topic.touching) return;
    if (!this.records.touchDue(expiry.lifetime, expiry.at - this.clock.now())) return;
    topic.touching = true;
    const done = () => {
      topic.touching = false;
    };
    attempt(
      () => this.records.touch(key, snapshot.incarnation),
      done,
      (error) => {
        done();
        this.report(error, { stage: "touch", key });
      },
    );
  }
}
