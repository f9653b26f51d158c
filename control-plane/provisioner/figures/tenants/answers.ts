import { get } from "node:http";

const port = 8069;
const deadlineMs = 5_000;

/**
 * Whether an instance answers at its fixed address. Asked on a connection of its own each time: one that is kept would hold
 * one of its threads.
 */
export function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get(
      {
        host: address,
        port,
        path: "/web/health",
        agent: false,
        signal: AbortSignal.timeout(deadlineMs),
      },
      (answer) => {
        answer.resume();
        answer.once("error", () => resolve(false));
        answer.once("end", () => resolve(answer.statusCode === 200));
      },
    );
    call.once("error", () => resolve(false));
  });
}
