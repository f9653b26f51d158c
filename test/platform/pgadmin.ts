/** A person's browser, as far as pgAdmin needs one: keeps cookies, and sends the token that guards against forged requests. */
export class PgadminVisitor {
  readonly #base: string;
  readonly #cookies = new Map<string, string>();
  #token = "";

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  async ask(method: string, path: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(`${this.#base}${path}`, {
      method,
      redirect: "manual",
      // Its server closes what was idle for two seconds, perhaps in the moment of the next request.
      headers: { cookie, "X-pgA-CSRFToken": this.#token, connection: "close" },
      body: form && new URLSearchParams(form),
    });
    for (const text of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      this.#cookies.set(name, value);
    }
    return answer;
  }

  async json<T>(method: string, path: string, form?: Record<string, string>): Promise<T> {
    const answer = await this.ask(method, path, form);
    const text = await answer.text();
    if (!answer.ok)
      throw new Error(`pgAdmin answered ${answer.status} to ${method} ${path}: ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }

  /** Whether pgAdmin lets this person in. */
  async signIn(email: string, password: string): Promise<boolean> {
    const page = await (await this.ask("GET", "/login")).text();
    this.#token = /csrfToken(?:&#34;|"): *(?:&#34;|")([^"&]+)/.exec(page)?.[1] ?? "";
    await this.ask("POST", "/authenticate/login", { email, password, csrf_token: this.#token });
    const inside = await this.ask("GET", "/browser/");
    if (inside.status !== 200) return false;
    // The token of the session that now is.
    const script = await (await this.ask("GET", "/browser/js/utils.js")).text();
    this.#token = /csrf_token['"]\] *= *['"]([^'"]+)/.exec(script)?.[1] ?? this.#token;
    return true;
  }
}
