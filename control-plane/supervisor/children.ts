import type { Logger } from "../observability/log.ts";
import { Child, type ChildSpec, type ChildStatus } from "./child.ts";

/** The processes of one supervisor. */
export class Children {
  readonly #children: Array<{ name: string; child: Child }>;
  readonly #log: Logger;
  /** Of two that change processes, one waits for the other. */
  #work: Promise<void> = Promise.resolve();
  /** Names of those whose restart was asked for and has not begun. */
  readonly #asked = new Set<string>();
  #stopped = false;

  constructor(specs: ChildSpec[], log: Logger, codeNow: () => string) {
    this.#children = specs.map((spec) => ({ name: spec.name, child: new Child(spec, log, codeNow) }));
    this.#log = log;
  }

  start(): void {
    for (const { child } of this.#children) child.start();
  }

  status(): ChildStatus[] {
    return this.#children.map(({ child }) => child.status());
  }

  /** Restarts all, or the one of this name, one after the other. Who asks twice before it has begun gets one restart. */
  restart(why: string, name?: string): void {
    for (const one of this.#lastFirst()) {
      if ((name !== undefined && one.name !== name) || this.#asked.has(one.name)) continue;
      this.#asked.add(one.name);
      this.#work = this.#work.then(async () => {
        this.#asked.delete(one.name);
        if (this.#stopped) return;
        this.#log.info({ child: one.name, why }, "restarting");
        await one.child.restart();
      });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    for (const { child } of this.#lastFirst()) await child.stop();
  }

  /** The provisioner first: it hands its operations back while the services still answer. */
  #lastFirst() {
    return this.#children.toReversed();
  }
}
