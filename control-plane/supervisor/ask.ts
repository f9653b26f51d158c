import { connect } from "node:net";
import type { ChildStatus } from "./child.ts";

export interface SupervisorStatus {
  pid: number;
  /** Fingerprint of the settings it was started with. */
  settings: string;
  children: ChildStatus[];
}

/**
 * Asks the supervisor behind a socket for its status, or to stop (it answers at once and stops then).
 * Gives `undefined` when none runs: no socket, or one left behind by a killed supervisor.
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
      try {
        resolve(JSON.parse(answer) as SupervisorStatus);
      } catch {
        reject(new Error(`The supervisor gave an answer that cannot be read: ${answer.slice(0, 80)}`));
      }
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
  });
}
