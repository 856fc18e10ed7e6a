// What a view has to do, one thing after the other.

export type Task = () => unknown;

export class Mailbox {
  readonly #failed: (error: unknown) => void;
  readonly #tasks: Task[] = [];
  #running = false;
  #closed = false;

  /** @param failed is told of what a task threw; the next one runs all the same, unless it closes the mailbox */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** How many wait. */
  get size(): number {
    return this.#tasks.length;
  }

  add(task: Task): void {
    if (this.#closed) return;
    this.#tasks.push(task);
    if (!this.#running) void this.#run();
  }

  /** Forgets what waits. A task that is running goes on, and is the last. */
  close(): void {
    this.#closed = true;
    this.#tasks.length = 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#running = false;
  }
}
