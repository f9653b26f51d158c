import type { World } from "../e2e/world.ts";
import { type Outcome, reactionOf, type Send, type Wanted } from "./client.ts";
import type { PartName } from "./parts.ts";

/** What clients sent, and what came of it. */
export class Ledger {
  readonly #send: Send;
  readonly #away: PartName;
  readonly outcomes: Outcome[] = [];
  readonly #later: string[] = [];

  /** @param away what is not there, or will not be: its own answers are not waited for as long as others' */
  constructor(send: Send, away: PartName) {
    this.#send = send;
    this.#away = away;
  }

  /** Sends all at once. */
  async send(wanted: Wanted[]): Promise<Outcome[]> {
    const outcomes = await Promise.all(wanted.map((one) => this.#send(one, one.service === this.#away)));
    this.outcomes.push(...outcomes);
    return outcomes;
  }

  /**
   * Sends everything that changes something once more, as a client does who does not know what came of it: what was
   * accepted is told again, what was not is accepted now. Gives what is not so.
   */
  async sendAgain(world: World): Promise<string[]> {
    const flaws: string[] = [];
    for (const { wanted, status, body } of this.outcomes) {
      if (wanted.what === "read" || (wanted.method !== "POST" && status !== undefined && status < 300))
        continue;
      // Nobody answered, and it was done all the same: then there is nothing to delete any more.
      if (wanted.what === "delete" && (await isGone(world, wanted.slug))) continue;
      const again = await this.#send(wanted, false);
      this.#later.push(...again.flaws);
      const name = `${wanted.what} ${wanted.slug} sent again`;
      if (reactionOf(again) !== "taken") flaws.push(`${name} was ${reactionOf(again)}`);
      if (status === 202 && !again.isReplay) flaws.push(`${name} was not known any more`);
      if (status === 202 && again.body.operation?.id !== body.operation?.id)
        flaws.push(`${name} is ${again.body.operation?.id}, but was ${body.operation?.id}`);
    }
    return flaws;
  }

  /** What was wrong with answers. */
  flaws(): string[] {
    return [...this.outcomes.flatMap(({ flaws }) => flaws), ...this.#later];
  }
}

async function isGone(world: World, slug: string): Promise<boolean> {
  const query = "select from tenants where slug = $1 and status <> 'deleted'";
  return (await world.sql("tenant", query, [slug])).length === 0;
}
