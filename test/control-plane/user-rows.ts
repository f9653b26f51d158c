import { newId } from "../../control-plane/ids.ts";

type Sql = (text: string, values: unknown[]) => Promise<unknown>;

const many = 10_000;
/** Of one organisation as many as it can have, or half of all, and of one person. */
const ofOne = {
  members: 500,
  openInvitations: 100,
  endedInvitations: 400,
  keys: many / 2,
  sessions: many / 2,
};
/** Others that have sent that person an invitation; and keys of the staff. */
const received = 200;
const ofStaff = 250;

/**
 * Fills an auth database for tests of lists: 10,000 people and as many organisations, memberships, invitations, keys and
 * sessions.
 * @param sql runs one statement in it
 */
export async function writeUserRows(sql: Sql) {
  const people = Array.from({ length: many }, () => newId("usr"));
  const organizations = Array.from({ length: many }, () => newId("org"));
  const [person = ""] = people;
  const [organization = ""] = organizations;
  const numbered = "unnest($1::text[]) with ordinality as t (id, n)";
  await sql(
    `insert into users (id, name, email, email_verified, staff)
     select id, 'Ada', id || '@acme.example', true, n % ${many / ofStaff} = 0 from ${numbered}`,
    [people],
  );
  await sql(
    "insert into organizations (id, name, slug) select id, 'Acme', id from unnest($1::text[]) as t (id)",
    [organizations],
  );
  await sql(
    `insert into members (id, organization_id, user_id, role)
     select 'mem_' || substr(id, 5), ($2::text[])[case when n <= ${ofOne.members} then 1 else n end], id, 'owner'
     from ${numbered}`,
    [people, organizations],
  );
  const ended = ofOne.openInvitations + ofOne.endedInvitations;
  await sql(
    `insert into invitations (id, organization_id, inviter_id, email, role, status, expires_at)
     select 'inv_' || substr(id, 5), ($2::text[])[case when n <= ${ofOne.members} then 1 else n end], id,
       case when n > ${many - received} then $3 || '@acme.example' else 'to-' || id end, 'viewer',
       case when n > ${ofOne.openInvitations} and n <= ${ended} then 'accepted' else 'pending' end,
       now() + interval '1 day'
     from ${numbered}`,
    [people, organizations, person],
  );
  await sql(
    `insert into api_keys (id, key, reference_id, organization_id, expires_at)
     select 'key_' || substr(id, 5), id, id,
       case when n % 2 = 0 then ($2::text[])[1] when n % ${many / ofStaff} = 1 then null else ($2::text[])[n] end,
       now() + interval '1 day'
     from ${numbered}`,
    [people, organizations],
  );
  await sql(
    `insert into sessions (id, token, user_id, expires_at, created_at)
     select 'ses_' || substr(id, 5), id, case when n % 2 = 0 then $2 else id end, now() + interval '1 day',
       now() - n * interval '1 second'
     from ${numbered}`,
    [people, person],
  );
  await sql("analyze", []);
  return { person, organization, organizations };
}
