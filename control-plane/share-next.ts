interface Turn<Value> {
  done: Promise<Value>;
  /** What those wait for who came while this one was under way. */
  next: Promise<Value> | undefined;
}

/**
 * Asks at most one question about each key at a time. Whoever comes meanwhile shares the next one, which is asked after they
 * came: so nobody is given an answer that is older than their question, and a crowd costs little more than one.
 */
export function shareNext<Value>(ask: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const turns = new Map<string, Turn<Value>>();
  const begin = (key: string): Promise<Value> => {
    const turn: Turn<Value> = { done: ask(key).finally(() => end(key, turn)), next: undefined };
    turns.set(key, turn);
    return turn.done;
  };
  const end = (key: string, turn: Turn<Value>) => {
    if (turns.get(key) === turn && !turn.next) turns.delete(key);
  };
  return (key) => {
    const turn = turns.get(key);
    if (!turn) return begin(key);
    const then = () => begin(key);
    turn.next ??= turn.done.then(then, then);
    return turn.next;
  };
}
