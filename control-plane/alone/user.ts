import { openMailer } from "../mail/open-mailer.ts";
import { openUserService } from "../user/open.ts";
import { openSupabase } from "../user/supabase/open.ts";
import { neighboursOf, type OpenAlone, openOwn } from "./open.ts";

export const openUserAlone: OpenAlone = async (alone) => {
  const { own, edge, opened } = await openOwn("user", alone);
  const service = openUserService({
    ...edge,
    login: own.login,
    keys: own.keys,
    mailer: await openMailer(alone.settings),
    supabase: await openSupabase(alone.settings, alone.log),
    neighbours: neighboursOf("user", own),
    log: alone.log,
  });
  return opened(service);
};
