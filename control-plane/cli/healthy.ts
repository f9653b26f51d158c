import { dataPaths } from "../paths.ts";
import { serviceNames } from "../service-names.ts";
import type { Settings } from "../settings.ts";
import { until } from "../until.ts";
import { serviceUrl } from "./api.ts";

interface Health {
  status: string;
}

/** Waits until every service says it is well, the provisioner behind the instance service included. */
export async function healthy(settings: Settings): Promise<void> {
  let last = "nothing answers";
  await until(
    async () => {
      const answers = await Promise.all(
        serviceNames.map(async (service) => {
          const response = await fetch(`${serviceUrl(settings, service)}/${service}/health`, {
            signal: AbortSignal.timeout(2_000),
          }).catch(() => undefined);
          const health = response?.ok ? ((await response.json()) as Health) : undefined;
          return { service, status: health?.status ?? `answers ${response?.status ?? "not"}` };
        }),
      );
      const unwell = answers.filter(({ status }) => status !== "ok");
      last = unwell.map(({ service, status }) => `${service}: ${status}`).join(", ");
      return unwell.length === 0;
    },
    { what: "the services to be well", deadlineMs: 60_000, everyMs: 100 },
  ).catch((error: Error) => {
    throw new Error(`${error.message} ${last}. See the logs in ${dataPaths(settings.dataDir).log}`);
  });
}
