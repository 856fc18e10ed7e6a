// What the drivers ask of the user's own objects: a connection of @nats-io/transport-node, a client of @nats-io/jetstream.

/** A `NatsConnection` of @nats-io/transport-node 3. */
export interface NatsConnectionLike {
  publish(subject: string, payload?: string): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { string(): string }) => void },
  ): { unsubscribe(): void };
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  isClosed(): boolean;
  readonly info?: { readonly max_payload: number } | undefined;
}

/** What `jetstream(connection)` of @nats-io/jetstream 3 returns. */
export interface JetStreamLike {
  publish(
    subject: string,
    payload: string,
    options: { expect: { lastSubjectSequence?: number } },
  ): Promise<{ readonly seq: number }>;
  jetstreamManager(checkAPI: boolean): Promise<JetStreamManagerLike>;
  readonly consumers: { get(stream: string, options: { filter_subjects: string }): Promise<ConsumerLike> };
}

export interface JetStreamManagerLike {
  readonly streams: {
    info(
      stream: string,
      options?: { subjects_filter: string },
    ): Promise<{ readonly config: StreamConfigLike; readonly state: { readonly subjects?: Record<string, number> } }>;
    add(config: StreamConfigLike & { readonly name: string }): Promise<unknown>;
    /** `null` where there is none. */
    getMessage(stream: string, query: { last_by_subj: string }): Promise<StoredMessageLike | null>;
    deleteMessage(stream: string, sequence: number, erase: boolean): Promise<boolean>;
    purge(stream: string, options: { filter: string; seq?: number }): Promise<unknown>;
  };
}

export interface StoredMessageLike {
  readonly seq: number;
  string(): string;
}

/** An ordered consumer: it has no state on the server that would have to be kept. */
export interface ConsumerLike {
  info(): Promise<{ readonly num_pending: number }>;
  fetch(options: { max_messages: number; expires: number }): Promise<AsyncIterable<ConsumedMessageLike>>;
  delete(): Promise<boolean>;
}

export interface ConsumedMessageLike extends StoredMessageLike {
  readonly subject: string;
  readonly info: { readonly pending: number };
}

export interface StreamConfigLike {
  readonly subjects: string[];
  readonly storage: "file" | "memory";
  readonly num_replicas: number;
  readonly max_msgs_per_subject: number;
  readonly max_age: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly discard: "new" | "old";
  readonly allow_direct: boolean;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
}
