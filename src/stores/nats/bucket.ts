// A JetStream KV bucket, spoken to as the stream that it is: the newest message of each subject is a key's value.

import type {
  JetStreamLike,
  JetStreamManagerLike,
  NatsConnectionLike,
  StreamConfigLike,
} from "../../engines/nats/client.ts";
import { type Link, linkOf } from "../../engines/nats/link.ts";
import { badOption } from "../../engines/nats/names.ts";

export interface BucketOptions {
  readonly connection: NatsConnectionLike;
  readonly jetstream: JetStreamLike;
  readonly bucket: string;
  readonly replicas: number;
  readonly storage: "file" | "memory";
}

/** What a name has: its text and the sequence of that message in the stream; 0 and "" for nothing. */
export interface Stored {
  readonly sequence: number;
  readonly text: string;
}

/** JetStream's error codes. */
const STREAM_NOT_FOUND = 10059;
const WRONG_LAST_SEQUENCE = [10071, 10164];
const NO_SUCH_MESSAGE = [10037, 10043, 10057];

/** Messages asked for at once by a walk, and how long that may take, in ms. */
const PAGE = 500;
const PAGE_MS = 1_000;

export class Bucket {
  readonly #options: BucketOptions;
  readonly #stream: string;
  readonly #subject: string;
  readonly #link: Link;
  #manager: Promise<JetStreamManagerLike> | null = null;
  #epoch = 0;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#stream = `KV_${options.bucket}`;
    this.#subject = `$KV.${options.bucket}.`;
    this.#link = linkOf(options.connection);
  }

  /** The newest there is: the stream's leader answers, never a replica. */
  async get(name: string): Promise<Stored> {
    const query = { last_by_subj: this.#subject + name };
    const message = await this.#ask((manager) => manager.streams.getMessage(this.#stream, query));
    return message ? { sequence: message.seq, text: message.string() } : { sequence: 0, text: "" };
  }

  /**
   * Writes, if the name's newest message still is the one with this sequence (0: if it has none; `undefined`: anyway).
   * Gives the sequence of what was written, or `null` if someone else wrote first.
   */
  async put(name: string, text: string, sequence?: number): Promise<number | null> {
    const expect = sequence === undefined ? {} : { lastSubjectSequence: sequence };
    try {
      const done = await this.#ask(() => this.#options.jetstream.publish(this.#subject + name, text, { expect }));
      return done.seq;
    } catch (error) {
      if (WRONG_LAST_SEQUENCE.includes(codeOf(error))) return null;
      throw error;
    }
  }

  /** Removes one message; false if it was replaced or removed before. */
  async remove(sequence: number): Promise<boolean> {
    try {
      return await this.#ask((manager) => manager.streams.deleteMessage(this.#stream, sequence, false));
    } catch (error) {
      if (NO_SUCH_MESSAGE.includes(codeOf(error))) return false;
      throw error;
    }
  }

  /** Removes what a name had before this sequence, and leaves what was written since. */
  async forget(name: string, before?: number): Promise<void> {
    const filter = this.#subject + name;
    const options = before === undefined ? { filter } : { filter, seq: before };
    await this.#ask((manager) => manager.streams.purge(this.#stream, options));
  }

  /** The names that match, without their texts. */
  async names(filter: string): Promise<string[]> {
    const options = { subjects_filter: this.#subject + filter };
    const { state } = await this.#ask((manager) => manager.streams.info(this.#stream, options));
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(this.#subject.length));
  }

  /**
   * All names of one part, with their texts, in the order in which they were last written. What is written meanwhile moves
   * to the end and is met there, maybe again: so nothing that is there throughout is missed.
   */
  async *walk(): AsyncGenerator<Stored & { readonly name: string }> {
    const consumer = await this.#ask(() =>
      this.#options.jetstream.consumers.get(this.#stream, { filter_subjects: `${this.#subject}*` }),
    );
    try {
      let { num_pending: pending } = await this.#ask(() => consumer.info());
      while (pending > 0) {
        let met = 0;
        // Not more than there are: the server would wait for the rest to come.
        const page = { max_messages: Math.min(pending, PAGE), expires: PAGE_MS };
        for await (const message of await this.#ask(() => consumer.fetch(page))) {
          met++;
          pending = message.info.pending;
          const name = message.subject.slice(this.#subject.length);
          yield { name, sequence: message.seq, text: message.string() };
          if (pending === 0) return;
        }
        if (met > 0) continue;
        // Nothing came: either nothing is left, or there is no telling.
        const left = await this.#ask(() => consumer.info());
        if (left.num_pending > 0) throw new Error("NATS stopped sending before all sessions were listed.");
        pending = 0;
      }
    } finally {
      // The server would forget it by itself, later.
      await consumer.delete().catch(() => {});
    }
  }

  #ask<T>(work: (manager: JetStreamManagerLike) => Promise<T>): Promise<T> {
    return this.#link.run(async () => work(await this.#ready()));
  }

  /** Once for each connection: a server that kept the bucket in memory has lost it when it comes back. */
  #ready(): Promise<JetStreamManagerLike> {
    if (this.#manager && this.#epoch === this.#link.epoch) return this.#manager;
    this.#epoch = this.#link.epoch;
    const manager = this.#open();
    this.#manager = manager;
    manager.catch(() => {
      if (this.#manager === manager) this.#manager = null; // the next call tries again
    });
    return manager;
  }

  async #open(): Promise<JetStreamManagerLike> {
    const manager = await this.#options.jetstream.jetstreamManager(false);
    const config = this.#config();
    try {
      checkStream(this.#options.bucket, (await manager.streams.info(this.#stream)).config);
    } catch (error) {
      if (codeOf(error) !== STREAM_NOT_FOUND) throw error;
      // The same by any number of nodes at once makes one.
      await manager.streams.add(config);
    }
    return manager;
  }

  #config(): StreamConfigLike & { readonly name: string } {
    const { storage, replicas } = this.#options;
    return {
      name: this.#stream,
      subjects: [`${this.#subject}>`],
      storage,
      num_replicas: replicas,
      max_msgs_per_subject: 1,
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      discard: "new", // when it is full a write fails, rather than that old sessions vanish
      allow_direct: false, // replicas answer direct gets, and may be behind
      deny_delete: false,
      deny_purge: false,
    };
  }
}

/** A bucket made by someone else must not forget sessions by itself, and must let them be removed. */
function checkStream(bucket: string, config: StreamConfigLike): void {
  const wrong = [
    config.max_age > 0 && "has a time to live (max_age), which forgets ends too early",
    config.discard !== "new" &&
      (config.max_msgs > 0 || config.max_bytes > 0) &&
      "drops the oldest sessions when it is full",
    config.deny_delete && "does not allow messages to be removed (deny_delete)",
    config.deny_purge && "does not allow messages to be purged (deny_purge)",
  ].filter((each) => each !== false);
  if (wrong.length > 0) throw badOption(`the bucket "${bucket}" ${wrong.join(", and ")}. Let the store make its own.`);
}

function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null ? ((error as { code?: number }).code ?? 0) : 0;
}
