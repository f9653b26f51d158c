/** One thing that is looked through. */
export interface Item {
  place: string;
  /** Which of that kind: a file, a table, a process. */
  where: string;
  text: Buffer;
  /** Names of secrets that it is there to show. */
  shows?: ReadonlySet<string>;
  /** It may be of another program than this run's: only this run's secrets are looked for, not what looks like one. */
  isOthers?: boolean;
}
