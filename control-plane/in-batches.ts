/** Rows that one statement takes at most, so that nobody waits long for it. */
const most = 1_000;

/** Takes as many rows at a time as one statement may, until there are fewer left. */
export async function inBatches(take: (most: number) => Promise<number | null>): Promise<void> {
  while ((await take(most)) === most);
}
