import type { CounterRule } from "../counters.ts";

export interface Limit extends CounterRule {
  /** Who is counted. A caller without a name is counted by their address. */
  per: "address" | "caller" | "receiver" | "caller and receiver";
  /** What is counted, for the documentation. */
  what: string;
}

const minute = 60;
const hour = 3_600;

/**
 * Every limit there is. What guards secrets, mailboxes or much work goes on counting in each process when Redis is away;
 * what only keeps one caller from crowding out others lets everybody pass then.
 */
export const limits = {
  reads: {
    ...{ per: "caller", points: 300_000, seconds: minute, whenRedisIsAway: "let pass", atATime: 50 },
    what: "Requests that change nothing",
  },
  writes: {
    ...{ per: "caller", points: 600, seconds: minute, whenRedisIsAway: "count here" },
    what: "Requests that change something",
  },
  // Who has a good one is let through before this: nobody is kept out by others at their address.
  not_known: {
    ...{ per: "address", points: 600, seconds: minute, whenRedisIsAway: "count here" },
    what: "Requests with no key or token that is good, where one is needed",
  },
  sign_in: {
    ...{ per: "address", points: 30, seconds: minute, whenRedisIsAway: "count here" },
    what: "Signing in, whoever as",
  },
  second_factor: {
    ...{ per: "address", points: 30, seconds: minute, whenRedisIsAway: "count here" },
    what: "Showing a second factor",
  },
  mailed_codes: {
    ...{ per: "address", points: 30, seconds: minute, whenRedisIsAway: "count here" },
    what: "Showing a code that was mailed",
  },
  sign_up: {
    ...{ per: "address", points: 20, seconds: hour, whenRedisIsAway: "count here" },
    what: "Signing up",
  },
  mails_from: {
    ...{ per: "address", points: 30, seconds: hour, whenRedisIsAway: "count here" },
    what: "Asking for a mail, whoever to",
  },
  // Each kind apart, and first for who asks: else what somebody has us send to an address would keep its owner from a code
  // for a new password.
  mails_to: {
    ...{ per: "caller and receiver", points: 5, seconds: hour, whenRedisIsAway: "count here" },
    what: "Asking for a mail of one kind to one e-mail address, whether or not it has an account",
  },
  mails_to_one: {
    ...{ per: "receiver", points: 50, seconds: hour, whenRedisIsAway: "count here" },
    what: "The same, whoever asks",
  },
  // Not for an organisation: anybody makes as many as they like.
  invitations: {
    ...{ per: "caller", points: 50, seconds: hour, whenRedisIsAway: "count here" },
    what: "Inviting people",
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
/** The table, or one with other numbers for a test. */
export type LimitTable = Record<LimitName, Limit>;
