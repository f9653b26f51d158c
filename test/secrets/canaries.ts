import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createLog } from "../../control-plane/observability/log.ts";
import { freshPassword } from "./planted.ts";
import type { Run } from "./run.ts";

const hex = (text: string) => Buffer.from(text).toString("hex");
const base64 = (text: string) => Buffer.from(text).toString("base64");

/**
 * Puts a secret of its own into every kind of place, each written in another way, for the search to prove that it finds what is
 * there. Call it before the watching of processes ends. Gives the file that is to be removed.
 */
export async function plantCanaries(run: Run): Promise<{ folder: string }> {
  const { secrets, sql, shell, docker, paths, recorder, mail } = run;
  const fresh = (place: string) => secrets.add(`canary in ${place}`, freshPassword());
  const { env, redisPort } = run.settings();

  await writeFile(
    join(paths.stacks, "canary"),
    base64(`xx${fresh("data folder")}`)
      .replaceAll("+", "-")
      .replaceAll("/", "_"),
  );
  const folder = await mkdtemp(join(tmpdir(), "berth-canary-"));
  await writeFile(join(folder, "left"), `${fresh("files left behind")}`);
  const log = createLog({ env, logLevel: "info" }, "canary", { write: (line) => void lines.push(line) });
  const lines: string[] = [];
  log.info({ note: hex(fresh("log files")) }, "a line");
  await writeFile(join(paths.log, "canary.log"), lines.join(""));

  // Longer than two looks, and no longer than a small program takes.
  const program = spawn(process.execPath, ["-e", "setTimeout(() => {}, 50)", fresh("process arguments")], {
    env: { ...process.env, CANARY: encodeURIComponent(fresh("process environments")) },
  });
  await new Promise((resolve) => program.once("exit", resolve));
  await shell(`echo '${hex(fresh("output of commands")).toUpperCase()}'`);
  await shell(`echo 'pulumi stack export: ${base64(fresh("state exports"))}'`);

  const server = createServer((_request, response) =>
    response.setHeader("x-canary", encodeURIComponent(fresh("answers"))).end("{}"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const before = recorder.base;
  recorder.base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await recorder.call("GET", "/canary");
  recorder.base = before;
  await new Promise((resolve) => server.close(resolve));
  mail.mails.push({ subject: "canary", text: fresh("mails") } as (typeof mail.mails)[number]);

  const image = (await docker("inspect", "--format", "{{.Config.Image}}", `berth-${env}-redis`)).trim();
  await writeFile(join(folder, "said"), fresh("logs of containers"), { mode: 0o644 });
  await docker(
    ...["run", "--name", `berth-${env}-canary`, "--label", `berth.env=${env}`, "--entrypoint", "cat"],
    ...["--label", `canary=${JSON.stringify(fresh("docker inspect"))}`],
    ...["-v", `${join(folder, "said")}:/said:ro`, image, "/said"],
  );

  const row =
    "insert into audit (actor, request_id, action, target, after) values ('canary', 'none', 'canary', 'x', $1)";
  await sql("tenant", row, [JSON.stringify({ deep: [{ note: fresh("audit rows") }] })]);
  await sql("auth", "create table canary as select convert_to($1, 'UTF8') as bytes", [
    fresh("rows of tables"),
  ]);
  const state = JSON.stringify({ checkpoint: { note: fresh("Pulumi's state") } });
  await sql("pulumi", "create table canary as select jsonb_build_object('data', $1::text) as data", [
    base64(state),
  ]);
  await sql("postgres", `comment on database auth is '${hex(fresh("PostgreSQL of itself"))}'`);
  await sql("postgres", `select pg_sleep(0.1), '${hex(fresh("queries that ran"))}'`);

  const redis = new Redis({ host: "127.0.0.1", port: redisPort, password: run.known("password of Redis") });
  await redis.hset("canary", { field: encodeURIComponent(fresh("Redis")) });
  const header = "traefik/http/middlewares/canary/headers/customrequestheaders/X-Canary";
  await redis.set(header, hex(fresh("what Traefik tells")));
  redis.disconnect();
  return { folder };
}
