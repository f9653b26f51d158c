import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { type Database, openDatabase, withClient } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { until } from "../../control-plane/until.ts";
import { forgetUnconfirmed } from "../../control-plane/user/account/forget-unconfirmed.ts";
import { placeholderAddress } from "../../control-plane/user/account/placeholder-address.ts";
import { takeFromUnconfirmed } from "../../control-plane/user/account/take-from-unconfirmed.ts";
import { forgetOldInvitations } from "../../control-plane/user/organizations/forget-old-invitations.ts";
import { forgetEndedSessions } from "../../control-plane/user/session/forget-ended-sessions.ts";
import { accountOfSupabase } from "../../control-plane/user/supabase/account-of-supabase.ts";
import { seeds } from "../support/seed.ts";
import { captureLog, withServices } from "./support.ts";

const timers = vi.spyOn(globalThis, "setInterval");
const t = withServices();
const { log } = captureLog();
const rows = (text: string, values: unknown[] = []) => t.rows("auth", text, values);
const seed = seeds((text, values) => rows(text, values));
const idsIn = async (table: string) =>
  (await rows(`select id from ${table} order by id`)).map(({ id }) => String(id));

/** As the service has it: with the rights of its run-time user. */
let database: Database;
/** What the services do every hour. */
let hourly: Array<() => void>;
beforeAll(async () => {
  hourly = timers.mock.calls.filter(([, ms]) => ms === 3_600_000).map(([act]) => act);
  timers.mockRestore();
  database = openDatabase({ login: t.databases.logins.user, name: "test forgetting", log });
  // How many rows each statement has removed.
  await rows("create table removals (removed text, count int)");
  await rows(
    `create function note_removal() returns trigger language plpgsql security definer as
     $$ begin insert into removals select tg_table_name, count(*) from gone having count(*) > 0; return null; end $$`,
  );
  for (const table of ["sessions", "users", "invitations"])
    await rows(
      `create trigger removal after delete on ${table} referencing old table as gone for each statement
       execute function note_removal()`,
    );
});
afterAll(() => database?.close());
beforeEach(() => rows("truncate removals"));

const audits = async () => (await rows("select id from audit order by id")).length;
const told = async (action: string) =>
  (
    await rows("select target from audit where action = $1 and actor = 'worker:tidy' order by target", [
      action,
    ])
  ).map(({ target }) => target);
const removals = async (table: string) =>
  (await rows("select count from removals where removed = $1 order by 1", [table])).map(({ count }) => count);

describe("sessions", () => {
  const session = async (user: string, endsIn: string, more: { impersonated_by?: string } = {}) => {
    const id = newId("ses");
    await seed.session(user, { id, ...more });
    await rows(`update sessions set expires_at = now() + interval '${endsIn}' where id = $1`, [id]);
    return id;
  };

  test("go a day after they have ended, and not before", async () => {
    const user = await seed.person();
    const staff = { impersonated_by: t.staff.user };
    const gone = [await session(user, "-1441 min"), await session(user, "-1441 min", staff)];
    const kept = [
      await session(user, "-1439 min"),
      await session(user, "-1439 min", staff),
      await session(user, "-1 min"),
      await session(user, "1 min"),
    ];
    expect(await idsIn("sessions")).toEqual([...gone, ...kept].toSorted());
    const before = await audits();
    await forgetEndedSessions(database.db);
    expect(await idsIn("sessions")).toEqual(kept.toSorted());
    expect(await idsIn("users")).toContain(user);
    expect(await audits()).toBe(before);
  });

  test("go all at once when there are many, at most a thousand by a statement", async () => {
    const user = await seed.person();
    const others = await idsIn("sessions");
    await rows(
      `insert into sessions (id, token, user_id, expires_at)
       select 'ses_many' || n, 'many' || n, $1, now() - interval '2 days' from generate_series(1, 2500) n`,
      [user],
    );
    await forgetEndedSessions(database.db);
    expect(await idsIn("sessions")).toEqual(others);
    expect(await removals("sessions")).toEqual([500, 1_000, 1_000]);
  });
});

describe("accounts", () => {
  /** Somebody who signed up and was never seen again, a minute more than 30 days ago. */
  const unconfirmed = async (columns: Record<string, string> = {}): Promise<string> => {
    const id = await seed.person();
    await seed.account(id);
    await change(id, columns);
    return id;
  };
  const longAgo = "now() - interval '30 days 1 min'";
  const notYet = "now() - interval '30 days' + interval '1 min'";
  const change = async (id: string, columns: Record<string, string>) => {
    const all = { email_verified: "false", created_at: longAgo, updated_at: longAgo, ...columns };
    const set = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
    await rows(`update users set ${set} where id = $1`, [id]);
  };
  const bySupabase = () => {
    const identity = { issuer: "https://a.supabase.co/auth/v1", subject: randomUUID(), email: undefined };
    return accountOfSupabase({ db: database.db, caller: ownCaller("nobody", "test") }, identity);
  };
  const goes: Array<[string, () => Promise<string>]> = [
    ["that was made 30 days ago", () => unconfirmed()],
    [
      "that was made 30 days ago, with two factors that it never used",
      async () => {
        const id = await unconfirmed();
        await rows("insert into two_factors (id, secret, backup_codes, user_id) values ($1, 'x', 'x', $2)", [
          newId("tfa"),
          id,
        ]);
        return id;
      },
    ],
    [
      "that nothing opens, not even a password",
      async () => {
        const id = await seed.person();
        await change(id, {});
        return id;
      },
    ],
    [
      "whose address another account was given",
      async () => {
        const id = await unconfirmed();
        const [{ email } = {}] = await rows("select email from users where id = $1", [id]);
        await database.db.transaction((tx) => takeFromUnconfirmed(tx, String(email)));
        const [now] = await rows("select email from users where id = $1", [id]);
        expect(now).toEqual({ email: placeholderAddress(id) });
        await change(id, {});
        return id;
      },
    ],
  ];
  const stays: Array<[string, () => Promise<string>]> = [
    ["that was made a minute later", () => unconfirmed({ created_at: notYet, updated_at: notYet })],
    ["that was begun anew since", () => unconfirmed({ updated_at: notYet })],
    [
      "whose address was taken since",
      async () => {
        const id = await unconfirmed();
        const [{ email } = {}] = await rows("select email from users where id = $1", [id]);
        await database.db.transaction((tx) => takeFromUnconfirmed(tx, String(email)));
        return id;
      },
    ],
    ["whose address is confirmed", () => unconfirmed({ email_verified: "true" })],
    ["of one of the staff", () => unconfirmed({ staff: "true" })],
    [
      "of a Supabase user, without an address",
      async () => {
        const id = await bySupabase();
        await change(id, {});
        const [row] = await rows("select email from users where id = $1", [id]);
        expect(row).toEqual({ email: placeholderAddress(id) });
        return id;
      },
    ],
    [
      "with a password, that a Supabase user opens too",
      async () => {
        const id = await unconfirmed();
        await seed.account(id, "supabase:https://gone.supabase.co/auth/v1");
        return id;
      },
    ],
    [
      "of a member",
      async () => {
        const id = await unconfirmed();
        await seed.organization({ [id]: "viewer" });
        return id;
      },
    ],
    [
      "with a session, though it has ended",
      async () => {
        const id = await unconfirmed();
        await seed.session(id, { impersonated_by: t.staff.user, expires_at: new Date(0) });
        return id;
      },
    ],
    [
      "with a key, though it has expired",
      async () => {
        const id = await unconfirmed();
        await seed.key(id, { expires_at: new Date(0) });
        return id;
      },
    ],
  ];
  const ofAll = async (makes: typeof goes) => {
    const ids: string[] = [];
    for (const [, make] of makes) ids.push(await make());
    return ids;
  };
  const rowsOf = (table: string, column: string, ids: string[]) =>
    rows(`select id from ${table} where ${column} = any($1)`, [ids]);

  test("that nobody confirmed go 30 days after they were made, and no others", async () => {
    const others = await idsIn("users");
    const kept = await ofAll(stays);
    const gone = await ofAll(goes);
    const opening = (await rowsOf("accounts", "user_id", kept)).length;
    const before = await audits();
    await forgetUnconfirmed(database.db);
    const left = await idsIn("users");
    for (const [n, [name]] of stays.entries()) expect(left, name).toContain(kept[n]);
    for (const [n, [name]] of goes.entries()) expect(left, name).not.toContain(gone[n]);
    expect(left).toEqual([...others, ...kept].toSorted());
    // What belongs to them goes and stays with them.
    expect(await rowsOf("accounts", "user_id", gone)).toEqual([]);
    expect(await rowsOf("two_factors", "user_id", gone)).toEqual([]);
    expect(await rowsOf("accounts", "user_id", kept)).toHaveLength(opening);
    for (const [table, column] of [
      ["members", "user_id"],
      ["sessions", "user_id"],
      ["api_keys", "reference_id"],
    ] as const)
      expect(await rowsOf(table, column, kept), table).toHaveLength(1);
    // What was written about them stays, and that they went is told.
    expect(await audits()).toBe(before + gone.length);
    expect(await told("account.forget")).toEqual(gone.toSorted());
  });

  test.each([
    ["confirmed", "update users set email_verified = true where id = $1"],
    [
      "linked to a Supabase user",
      "insert into accounts (id, account_id, provider_id, user_id) values ($1, $1, 'supabase:x', $1)",
    ],
    ["let into", "insert into sessions (id, token, user_id, expires_at) values ($1, $1, $1, now())"],
  ])("that are %s at this moment stay, and are not waited for", async (_, text) => {
    const id = await unconfirmed();
    const other = await unconfirmed();
    const { server, names } = t.databases;
    await withClient(server.login("postgres", names.auth), "test", async (client) => {
      await client.query("begin");
      await client.query(text, [id]);
      await forgetUnconfirmed(database.db);
      await client.query("commit");
    });
    await forgetUnconfirmed(database.db);
    expect(await rowsOf("users", "id", [id, other])).toEqual([{ id }]);
  });

  test("go all at once when there are many, at most a thousand by a statement", async () => {
    const others = await idsIn("users");
    await rows(
      `insert into users (id, name, email, created_at, updated_at)
       select 'usr_many' || n, 'Many', 'many' || n, ${longAgo}, ${longAgo} from generate_series(1, 2500) n`,
    );
    await forgetUnconfirmed(database.db);
    expect(await idsIn("users")).toEqual(others);
    expect(await removals("users")).toEqual([500, 1_000, 1_000]);
  });

  test("take what belongs to them with them by an index of each table, and do not go through all of it", async () => {
    const without = await rows(
      `select conrelid::regclass::text || '.' || attname as id from pg_constraint c
       join pg_attribute a on a.attrelid = conrelid and a.attnum = conkey[1]
       where confrelid = 'users'::regclass and not exists (
         select from pg_index where indrelid = conrelid and indkey[0] = conkey[1]
           and coalesce(pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', attname), true))`,
    );
    expect(without).toEqual([]);
  });
});

describe("invitations", () => {
  const statuses = ["pending", "accepted", "rejected", "canceled"];
  const invitation = async (organization: string, status: string, ended: string) => {
    const id = await seed.invitation(organization, "ada@acme.example", t.staff.user);
    await rows(`update invitations set status = $2, expires_at = now() - interval '${ended}' where id = $1`, [
      id,
      status,
    ]);
    return id;
  };

  test("go 30 days after they could be taken last, answered or not", async () => {
    const { organization } = t.staff;
    const [gone, kept]: [string[], string[]] = [[], []];
    for (const status of statuses) {
      gone.push(await invitation(organization, status, "30 days 1 min"));
      kept.push(await invitation(organization, status, "29 days 1439 min"));
      kept.push(await invitation(organization, status, "-1 min"));
    }
    expect(await idsIn("invitations")).toEqual([...gone, ...kept].toSorted());
    const before = await audits();
    await forgetOldInvitations(database.db);
    expect(await idsIn("invitations")).toEqual(kept.toSorted());
    expect(await told("invitation.forget")).toEqual(gone.toSorted());
    expect(await audits()).toBe(before + gone.length);
  });

  test("go all at once when there are many, at most a thousand by a statement", async () => {
    const others = await idsIn("invitations");
    await rows(
      `insert into invitations (id, organization_id, email, role, inviter_id, expires_at)
       select 'inv_many' || n, $1, 'many', 'viewer', $2, now() - interval '31 days' from generate_series(1, 2500) n`,
      [t.staff.organization, t.staff.user],
    );
    await forgetOldInvitations(database.db);
    expect(await idsIn("invitations")).toEqual(others);
    expect(await removals("invitations")).toEqual([500, 1_000, 1_000]);
  });
});

test("all of it is done by the user service, every hour", async () => {
  const user = await seed.person();
  await seed.session(user, { id: "ses_old", expires_at: new Date(0) });
  const unconfirmed = await seed.person();
  await rows(
    "update users set email_verified = false, created_at = 'epoch', updated_at = 'epoch' where id = $1",
    [unconfirmed],
  );
  const invitation = await seed.invitation(t.staff.organization, "ada@acme.example", user);
  await rows("update invitations set expires_at = 'epoch' where id = $1", [invitation]);
  const left = async () => {
    const all = await rows(
      "select id from sessions union all select id from users union all select id from invitations",
    );
    return all.filter(({ id }) => ["ses_old", unconfirmed, invitation].includes(String(id)));
  };
  expect(await left()).toHaveLength(3);
  for (const act of hourly) act();
  await until(async () => (await left()).length === 0, {
    what: "all of it to be gone",
    deadlineMs: 10_000,
    everyMs: 20,
  });
});
