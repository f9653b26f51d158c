/** One piece of long work, as a person sees it. */
export interface Step {
  /** What is being done now; shown at once. */
  say(doing: string): void;
  /** Like `say`, for a wait on another step: that one gives the signs of life. */
  waitFor(what: string): void;
  /** How far the present doing is, for example `far(812, 2143, "packages")`; shown now and then. */
  far(done: number, total: number | undefined, unit: string): void;
  /** Ends the step; `result` is shown with the time it took. */
  end(result: string): void;
}

export interface Progress {
  begin(name: string): Step;
}

export interface ProgressOptions {
  write(text: string): void;
  /** On a terminal the running steps share one line that is redrawn; otherwise every line stays. */
  terminal: boolean;
  /** Milliseconds between two signs of life of a step that says nothing new. */
  heartbeatMs?: number;
}

interface Running {
  name: string;
  since: number;
  spoke: number;
  doing: string;
  far: string;
  /** Waits for another step. */
  quiet: boolean;
}

/** Progress as plain lines: `pulumi   1m32s  compiling, 812 of 2143 packages`. */
export function createProgress({ write, terminal, heartbeatMs = 15_000 }: ProgressOptions): Progress {
  const running = new Set<Running>();
  let timer: NodeJS.Timeout | undefined;

  const describe = (step: Running) => `${step.doing}${step.far && `, ${step.far}`}`;
  const line = (step: Running, text: string) => {
    step.spoke = performance.now();
    write(
      `${terminal ? "\r\x1b[K" : ""}${step.name.padEnd(20)} ${elapsed(step.since).padStart(6)}  ${text}\n`,
    );
  };
  const beat = () => {
    const active = [...running].filter(({ quiet }) => !quiet);
    if (terminal) {
      const all = active.map((step) => `${step.name} ${elapsed(step.since)} ${describe(step)}`);
      write(`\r\x1b[K${all.join(" | ").slice(0, 110)}`);
      return;
    }
    for (const step of active) {
      if (performance.now() - step.spoke >= heartbeatMs) line(step, describe(step));
    }
  };

  return {
    begin(name) {
      const step: Running = { name, since: performance.now(), spoke: 0, doing: "", far: "", quiet: false };
      running.add(step);
      timer ??= setInterval(beat, terminal ? 500 : Math.min(heartbeatMs, 1000));
      timer.unref();
      const say = (doing: string, quiet: boolean) => {
        Object.assign(step, { doing, quiet, far: "" });
        line(step, doing);
      };
      return {
        say: (doing) => say(doing, false),
        waitFor: (what) => say(`waiting for ${what}`, true),
        far(done, total, unit) {
          step.far = amount(done, total, unit);
        },
        end(result) {
          running.delete(step);
          line(step, result);
          if (running.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
  };
}

function elapsed(since: number): string {
  const seconds = Math.round((performance.now() - since) / 1000);
  return seconds < 60
    ? `${seconds}s`
    : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

function amount(done: number, total: number | undefined, unit: string): string {
  if (unit !== "bytes") return total === undefined ? `${done} ${unit}` : `${done} of ${total} ${unit}`;
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  return total === undefined ? `${mb(done)} MB` : `${mb(done)} of ${mb(total)} MB`;
}
