import { request } from "node:http";
import type { Probe, ProbeInstance } from "./read-instance.ts";

const odooPort = 8069;
const timeoutMs = 3_000;

/** Asks for `/web/login` at the instance's own address: 200 is up, everything else is not. */
export const probeInstance: ProbeInstance = ({ address, host }) =>
  new Promise<Probe>((resolve) => {
    const from = performance.now();
    const down = (detail: string) => resolve({ status: "down", detail });
    const call = request(
      {
        host: address,
        port: odooPort,
        path: "/web/login",
        headers: { host },
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        response.destroy();
        const ms = Math.round(performance.now() - from);
        if (response.statusCode === 200) resolve({ status: "up", ms, detail: "The login page answers." });
        else down(`The login page answers ${response.statusCode}.`);
      },
    );
    call.once("error", (error) =>
      down(
        error.name === "AbortError"
          ? `No answer within ${timeoutMs / 1000} s.`
          : "Nothing answers at its address.",
      ),
    );
    call.end();
  });
