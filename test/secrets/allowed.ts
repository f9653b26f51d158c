/** A secret that may be where it was found, and why. One that matches nothing fails the test: it is to be taken out. */
export interface Allowed {
  secret: RegExp;
  place: string;
  where: RegExp;
  why: string;
}

const login = /^password of (provisioner|pulumi|router|monitor|pgadmin|(auth|tenant|instance)_(owner|run))$/;

/** Programs of ours, and those that we start, by what their names begin with. */
const notGiven =
  "node|npm|pulumi|docker|psql|pg_dump|pg_restore|python|odoo|redis|traefik|postgres|prometheus|mailpit";

export const allowed: Allowed[] = [
  {
    secret: login,
    place: "data folder",
    where: /^pgpass$/,
    why: "libpq and the postgresql plugin read passwords from such a file only; 0600, in a folder of 0700",
  },
  {
    secret: /^password of pgadmin$/,
    place: "data folder",
    where: /^platform\/pgadmin-pgpass$/,
    why: "pgAdmin's own file of this one password, copied into its container; 0600, in a folder of 0700",
  },
  {
    secret: /^session token of /,
    place: "rows of tables",
    where: /^auth\.sessions$/,
    why: "a session is found by its token; a version that keeps its hash alone would sign everybody out of the one before it",
  },
  {
    secret: /^password of Redis$/,
    place: "data folder",
    where: /^platform\/(redis\.conf|traefik\.yml|redis-exporter\.json)$/,
    why: "the configuration of Redis, of Traefik and of Redis' exporter, copied into their containers; 0600, in a folder of 0700",
  },
  {
    secret: /^Supabase's legacy secret \(variable\)$/,
    place: "process environments",
    // Whatever a shell runs on the way, and of our own programs only who starts, keeps and is the user service.
    where: new RegExp(
      `^\\d+ ((?!(\\S*/)?(${notGiven})[^\\s/]*(\\s|$))|(\\S*/)?node .*main\\.ts (start|supervise|serve|serve user)$)`,
    ),
    why: "the operator chose to set it as a variable: who starts, keeps and is the user service has it, and nobody else",
  },
  {
    secret: /^(database password of first|hash of the admin's password of first)$/,
    place: "process environments",
    where: /pulumi-language-nodejs|@pulumi\/pulumi\/cmd\/run/,
    why: "the plain pulumi command hands a program its config by the environment; only its own user reads that",
  },
  {
    secret: /^(mailed code of|code for|anything like a JSON Web Token)/,
    place: "mails",
    where: /./,
    why: "it is what the mail is for",
  },
];
