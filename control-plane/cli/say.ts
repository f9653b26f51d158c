/** How a command speaks: plain lines, each at once, so that a log reads like the terminal. */
export interface Say {
  /** Text as it is, for what brings its own line ends. */
  write(text: string): void;
  line(text: string): void;
  /** Runs a part, says what it is before and how long it took after. Gives the part's value and its seconds. */
  part<T>(
    what: string,
    run: (detail: (text: string) => void) => Promise<T>,
  ): Promise<{ value: T; seconds: number }>;
}

/** Seconds between two signs of life of a part that takes long. */
const heartbeatSeconds = 15;

export function createSay(write: (text: string) => void): Say {
  const line = (text: string) => write(`${text}\n`);
  return {
    write,
    line,
    async part(what, run) {
      const from = performance.now();
      const seconds = () => (performance.now() - from) / 1000;
      line(`  ${what} ...`);
      let last = "";
      const beat = setInterval(
        () => line(`    ${what}: ${seconds().toFixed(0)} s so far${last ? ` (${last})` : ""}`),
        heartbeatSeconds * 1000,
      );
      try {
        const value = await run((text) => {
          last = text;
          line(`    ${text}`);
        });
        line(`  ${what}: ${seconds().toFixed(1)} s`);
        return { value, seconds: seconds() };
      } finally {
        clearInterval(beat);
      }
    },
  };
}
