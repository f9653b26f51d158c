import { openInstanceService } from "../instance/open.ts";
import { probeInstance } from "../instance/probe-instance.ts";
import { neighboursOf, type OpenAlone, openOwn, userClient } from "./open.ts";

export const openInstanceAlone: OpenAlone = async (alone) => {
  const { own, edge, opened } = await openOwn("instance", alone);
  const service = openInstanceService({
    ...edge,
    login: own.login,
    keys: own.keys,
    users: userClient("instance", own),
    neighbours: neighboursOf("instance", own),
    probe: probeInstance,
    log: alone.log,
  });
  return opened(service);
};
