import { openEdge } from "./edge.ts";
import { createInstanceClient } from "./instance/client.ts";
import { openInstanceService } from "./instance/open.ts";
import { probeInstance } from "./instance/probe-instance.ts";
import { openMailer } from "./mail/open-mailer.ts";
import type { Logger } from "./observability/log.ts";
import type { RunningService } from "./running-service.ts";
import type { ServiceName } from "./service-names.ts";
import { readServiceSettings, type ServiceSettings } from "./service-settings.ts";
import { proxiesOf, type Settings } from "./settings.ts";
import { openTenantService } from "./tenant/open.ts";
import { createUserClient } from "./user/client.ts";
import { openUserService } from "./user/open.ts";
import { openSupabase } from "./user/supabase/open.ts";

/** What runs one service in a process of its own, which knows of the others where they answer and nothing else. */
interface Alone {
  settings: Settings;
  env: Record<string, string | undefined>;
  log: Logger;
}

/** Builds one service from its own settings. Its login is for the caller to look at before it serves. */
export const openAlone: Record<
  ServiceName,
  (alone: Alone) => Promise<{ service: RunningService; login: ServiceSettings<ServiceName>["login"] }>
> = {
  async user(alone) {
    const { own, edge } = await open("user", alone);
    const service = openUserService({
      ...edge,
      login: own.login,
      keys: own.keys,
      mailer: await openMailer(alone.settings),
      supabase: await openSupabase(alone.settings, alone.log),
      log: alone.log,
    });
    return { service: closing(service, edge), login: own.login };
  },

  async tenant(alone) {
    const { own, edge } = await open("tenant", alone);
    const users = userClient("tenant", own);
    const instance = createInstanceClient({
      baseUrl: own.instanceUrl,
      token: () => users.serviceToken("instance"),
      forgetToken: () => users.forgetToken("instance"),
      fetch,
    });
    const { settings, log } = alone;
    const service = openTenantService({ ...edge, settings, ...own, users, instance, log });
    return { service: closing(service, edge), login: own.login };
  },

  async instance(alone) {
    const { own, edge } = await open("instance", alone);
    const service = openInstanceService({
      ...edge,
      login: own.login,
      keys: own.keys,
      users: userClient("instance", own),
      probe: probeInstance,
      log: alone.log,
    });
    return { service: closing(service, edge), login: own.login };
  },
};

async function open<Name extends ServiceName>(name: Name, { settings, env, log }: Alone) {
  const own = await readServiceSettings(name, settings, env);
  const edge = openEdge({
    redis: { port: settings.redisPort, password: own.redisPassword },
    counts: own.keys.counts,
    proxies: proxiesOf(settings),
    log,
  });
  return { own, edge };
}

function userClient(service: "tenant" | "instance", { userUrl, keys }: ServiceSettings<typeof service>) {
  return createUserClient({ baseUrl: userUrl, service, secret: keys.service, fetch });
}

function closing(service: RunningService, edge: { close(): Promise<void> }): RunningService {
  return {
    ...service,
    async stop() {
      await service.stop();
      await edge.close();
    },
  };
}
