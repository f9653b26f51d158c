import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { until } from "../../control-plane/until.ts";

/** Waits until `/web/login` of a host is 200 through Traefik: one request at a time, for both sides the same. */
export async function loginPageAnswers(port: number, host: string): Promise<void> {
  await until(
    async () => {
      const answer = await throughTraefik(port, host, "/web/login", { timeoutMs: 5_000 }).catch(
        () => undefined,
      );
      return answer?.status === 200;
    },
    { what: `http://${host}/web/login`, deadlineMs: 120_000, everyMs: 50 },
  );
}
