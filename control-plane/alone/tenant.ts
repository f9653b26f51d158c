import { createInstanceClient } from "../instance/client.ts";
import { openTenantService } from "../tenant/open.ts";
import { neighboursOf, type OpenAlone, openOwn, userClient } from "./open.ts";

export const openTenantAlone: OpenAlone = async (alone) => {
  const { own, edge, opened } = await openOwn("tenant", alone);
  const users = userClient("tenant", own);
  const instance = createInstanceClient({
    baseUrl: own.urls.instance,
    token: () => users.serviceToken("instance"),
    forgetToken: () => users.forgetToken("instance"),
    fetch,
  });
  const { settings, log } = alone;
  const { login, keys } = own;
  const neighbours = neighboursOf("tenant", own);
  return opened(openTenantService({ ...edge, settings, login, keys, users, instance, neighbours, log }));
};
