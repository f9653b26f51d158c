/** An answer as it came: status, headers and text. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

interface Exchange {
  request: string;
  answer: string;
  /** Names of secrets that this answer is there to show, once. */
  shows: Set<string>;
}

/** Calls the services and keeps every answer, headers included. */
export class Recorder {
  readonly exchanges: Exchange[] = [];
  /** Where each service is. */
  base: (service: string) => string = () => "";

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer & { json: <T>() => T; shows: (...names: string[]) => void }> {
    const isText = typeof body === "string";
    const response = await fetch(`${this.base(path.split("/")[1] ?? "")}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : isText ? body : JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text };
    return { ...answer, json: <T>() => JSON.parse(text) as T, shows: this.keep(`${method} ${path}`, answer) };
  }

  /** The same, for what must have worked. */
  async expect<T>(status: number, ...request: Parameters<Recorder["call"]>) {
    const answer = await this.call(...request);
    if (answer.status !== status)
      throw new Error(`${request[0]} ${request[1]} answered ${answer.status}: ${answer.text}`);
    return { ...answer, body: (answer.text === "" ? {} : answer.json()) as T };
  }

  keep(request: string, { status, headers, text }: Answer): (...names: string[]) => void {
    const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
    const exchange: Exchange = {
      request,
      answer: [`${status}`, ...lines, "", text].join("\n"),
      shows: new Set(),
    };
    this.exchanges.push(exchange);
    return (...names) => {
      for (const name of names) exchange.shows.add(name);
    };
  }
}
