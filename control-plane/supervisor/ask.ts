import { connect } from "node:net";
import type { ChildStatus } from "./child.ts";

export interface SupervisorStatus {
  pid: number;
  /** Fingerprint of the settings it was started with. */
  settings: string;
  /** Fingerprint of the code that it runs itself, and whether it restarts its children when that changes. */
  code: string;
  watches: boolean;
  children: ChildStatus[];
}

/**
 * What it can be asked: how it is; to stop; to restart all its children, or one (`restart services`); to restart them from
 * now on whenever the code changes. It answers at once, and does it then.
 */
export type Word = "status" | "stop" | "restart" | `restart ${string}` | "watch";

/** No socket, nobody behind it, or somebody who ended while asked. */
const gone = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/** Says a word to the supervisor behind a socket. Gives its status; `undefined` when none runs, or one that ends right now. */
export function askSupervisor(socket: string, word: Word): Promise<SupervisorStatus | undefined> {
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
