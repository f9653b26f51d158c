import { connect } from "node:net";
import type { ChildStatus } from "./child.ts";

export interface SupervisorStatus {
  pid: number;
  /** Fingerprint of the settings it was started with. */
  settings: string;
  children: ChildStatus[];
}

/** No socket, nobody behind it, or somebody who ended while asked. */
const gone = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/**
 * Asks the supervisor behind a socket for its status, or to stop (it answers at once and stops then).
 * Gives `undefined` when none runs, or one that ends right now.
 */
export function askSupervisor(
  socket: string,
  word: "status" | "stop",
): Promise<SupervisorStatus | undefined> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    let answer = "";
    connection.setTimeout(5_000, () => connection.destroy(new Error("The supervisor does not answer.")));
    connection.once("connect", () => connection.write(`${word}\n`));
    connection.on("data", (data) => {
      answer += data.toString();
    });
    connection.once("end", () => {
      // It ended before it could answer.
      if (answer === "") return resolve(undefined);
      try {
        resolve(JSON.parse(answer) as SupervisorStatus);
      } catch {
        reject(new Error(`The supervisor gave an answer that cannot be read: ${answer.slice(0, 80)}`));
      }
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      if (gone.has(error.code ?? "")) resolve(undefined);
      else reject(error);
    });
  });
}
