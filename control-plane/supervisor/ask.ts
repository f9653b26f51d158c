import { connect } from "node:net";
import type { ChildStatus } from "./child.ts";
import { silentBehind } from "./silent.ts";

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

/** Milliseconds that it is waited for: it answers at once, also on a machine that has much to do. */
const patience = 5_000;

/**
 * Says a word to the supervisor behind a socket. Gives its status; `undefined` when none runs, or one that ends right now.
 * Throws {@link SilentSupervisor} when there is one that gives no answer.
 */
export function askSupervisor(
  socket: string,
  word: Word,
  patienceMs = patience,
): Promise<SupervisorStatus | undefined> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    let answer = "";
    const silent = () => {
      connection.destroy();
      silentBehind(socket).then(reject, reject);
    };
    connection.setTimeout(patienceMs, silent);
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
      // So many have asked in vain that no more are let in.
      else if (error.code === "EAGAIN") silent();
      else reject(error);
    });
  });
}
