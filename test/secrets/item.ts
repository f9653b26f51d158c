/** One thing that is looked through. */
export interface Item {
  place: string;
  /** Which of that kind: a file, a table, a process. */
  where: string;
  text: Buffer;
  /** Names of secrets that it is there to show. */
  shows?: ReadonlySet<string>;
}
