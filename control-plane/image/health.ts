// Whether the service of this container answers, and its database: node health.ts VARIABLE-OF-ITS-PORT

/** Milliseconds that an answer may take. */
const deadlineMs = 4_000;

const port = process.env[process.argv[2] ?? ""];
const listen = process.env.BERTH_LISTEN || "127.0.0.1";
const address = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listen] ?? listen;
const host = address.includes(":") ? `[${address}]` : address;
try {
  const signal = AbortSignal.timeout(deadlineMs);
  const answer = await fetch(`http://${host}:${port}/health/database`, { signal });
  process.stdout.write(`${answer.status} ${await answer.text()}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`The service does not answer at ${host}:${port} (${error}).\n`);
  process.exitCode = 1;
}
