/** What goes to people and programs instead of a raw error. The raw one is in the log, under the operation's id. */
export interface Told {
  code: string;
  message: string;
}

const somewhere = "a part of the platform";

/** Errors of the world around a stack: the operation may be tried again once it is back. */
const outside: Array<[RegExp, string]> = [
  [
    /docker (daemon|engine)|error during connect|error waiting for container|docker\.sock|Docker engine at .* did not answer/i,
    "the Docker engine",
  ],
  [/Redis at .* did not answer|ECONNREFUSED.*:6\d\d\d\b/i, "Redis"],
  [
    /PostgreSQL refused the connection|57P0[1-3]|the database system is (starting|shutting)|terminating connection|server closed the connection|failed to ping PostgreSQL|error connecting to PostgreSQL|driver: bad connection|connection to server at|SSL SYSCALL error|connection already closed|postgresql:[^\n]*: EOF$|pq: sorry, too many clients/im,
    "PostgreSQL",
  ],
  [
    /connection refused|ECONNREFUSED|ECONNRESET|connection reset by peer|broken pipe|\bEOF\b|i\/o timeout/i,
    somewhere,
  ],
];

/** Name of what did not answer, when that is why a run failed. */
export function outsideCause(raw: string): string | undefined {
  return outside.find(([pattern]) => pattern.test(raw))?.[1];
}

/** The same, when the text says which it is: a lost connection alone may be one to the internet. */
export function namedCause(raw: string): string | undefined {
  const cause = outsideCause(raw);
  return cause === somewhere ? undefined : cause;
}

const known: Array<[RegExp, string, string]> = [
  [
    /no space left on device|disk quota exceeded|could not extend file/i,
    "disk_full",
    "The machine's disk is full. Free some space, then try again.",
  ],
  [
    /No such image|image .* not found|unable to find or pull image/i,
    "image_missing",
    "Odoo's image is not on this machine. Run: make setup",
  ],
  [
    /Address already in use|address is already in use|already allocated/i,
    "address_in_use",
    "The instance's address is used by a container that Berth does not know. Remove that container from the tenants' network, then try again.",
  ],
  [
    /template database .* does not exist/i,
    "template_missing",
    "The template database is missing. Run: bin/berth start",
  ],
  [/is being accessed by other users/i, "database_busy", "The database is in use. Try again in a moment."],
  [
    /the stack is currently locked by/i,
    "stack_locked",
    "Somebody else works on this tenant's stack with the pulumi command. Try again when they are done.",
  ],
  [
    /out of memory|cannot allocate memory/i,
    "out_of_memory",
    "The machine has no memory left for another tenant.",
  ],
];

/** Failures of our own components are sentences already; Pulumi wraps them. */
const ownSentences = [
  /(The tenant's database [^\n]*|Database \S+ (?:at|is|could|went) [^\n]*|Language [^\n]*|Host(?: name)? [^\n]*)/,
  /has a problem: ([^\n]+)/,
];

/** What a text says of the machine that a person can mend; undefined when it says nothing of the kind. */
export function knownTrouble(text: string): Told | undefined {
  const found = known.find(([pattern]) => pattern.test(text));
  return found && { code: found[1], message: found[2] };
}

/** The sentence for a run that failed. `doing` completes "could not be ...": "created", "removed". */
export function tell(diagnostics: string[], raw: string, doing: string): Told {
  const text = [...diagnostics, raw].join("\n");
  const trouble = knownTrouble(text);
  if (trouble) return trouble;
  for (const pattern of ownSentences) {
    const sentence = pattern.exec(text)?.[1];
    if (sentence) return { code: "refused", message: sentence.trim() };
  }
  return {
    code: "unexpected",
    message: `The tenant could not be ${doing} because of an error that Berth does not know. The provisioner's log has it; try again, or ask an operator.`,
  };
}

export function notBack(missing: string[], seconds: number): Told {
  return {
    code: "outside_unavailable",
    message: `${capital(missing.join(" and "))} did not answer for ${seconds} s. Nothing is lost; try again when it is back.`,
  };
}

export function unsteady(doing: string, cause: string): Told {
  return {
    code: "outside_unavailable",
    message: `The tenant could not be ${doing}: ${cause} went away again and again. Try again when it is steady.`,
  };
}

export function slow(doing: string, times: number, why: string): Told {
  return {
    code: "timeout",
    message: `The tenant could not be ${doing}, although it was tried ${times} times. ${why} Try again when the machine has less to do.`,
  };
}

export function lockedBy(owners: string[]): Told {
  return {
    code: "stack_locked",
    message: `The tenant's stack is locked by ${owners.join(" and ")}. Wait until that is done; when it is certain that nobody works on it, run: pulumi cancel`,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
