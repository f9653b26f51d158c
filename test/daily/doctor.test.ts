import { chmod, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { templateName } from "../../control-plane/platform/template/name.ts";
import { locksRoot } from "../../control-plane/provisioner/state/state-store.ts";
import { until } from "../../control-plane/until.ts";
import { openWorld, type World } from "../e2e/world.ts";
import { berth, mustBerth, paths, processOf, provisionerTakesWork, settings } from "./support.ts";
import { ended } from "./tree.ts";

interface Finding {
  status: string;
  what: string;
  why: string;
  mend: string;
}
interface Found {
  check: string;
  status: "well" | "unknown" | "warning" | "wrong";
  findings?: Finding[];
}

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await provisionerTakesWork();
});

/** What is said of one check, with how it all ended. */
async function look(check: string, more: Record<string, string> = {}) {
  const { code, out, err } = await berth(["doctor", "--json"], more);
  if (out === "") throw new Error(err);
  const all = JSON.parse(out) as Found[];
  const found = all.find((one) => one.check === check);
  if (!found) throw new Error(`There is no check "${check}": ${all.map((one) => one.check).join(", ")}`);
  return {
    code,
    all,
    ...found,
    said: (found.findings ?? []).map(({ what }) => what).join("\n"),
    first: found.findings?.[0],
  };
}

test("all is well: nothing is wrong, everything was looked at", async () => {
  const { code, out } = await berth(["doctor"]);
  expect(code, out).toBe(0);
  expect(out).not.toContain("WRONG");
  // Of the clock the machine may have nobody who tells.
  expect(out.replace(/^unseen {3}clock .*$/m, "")).not.toContain("unseen");
  expect(out.match(/^well /gm)?.length).toBeGreaterThan(12);
});

test("with nothing up it says so, and finds nothing wrong in that", async () => {
  const folder = join(settings.dataDir, "none");
  const ports = Object.fromEntries(
    Object.keys(world.env)
      .filter((name) => name.endsWith("_PORT"))
      .map((name) => [name, ""]),
  );
  const { code, all, ...found } = await look("platform", {
    ...ports,
    ...{ BERTH_ENV: "none-such", BERTH_DATA_DIR: folder, BERTH_PORT_OFFSET: "10500" },
  });
  expect(found).toMatchObject({ status: "warning" });
  expect(found.said).toContain("was never brought up");
  expect(code, JSON.stringify(all)).toBe(0);
});

test("the engine is away", async () => {
  const { code, status, first, all } = await look("Docker engine", {
    DOCKER_HOST: "unix:///nowhere/docker.sock",
  });
  expect({ code, status }).toEqual({ code: 1, status: "wrong" });
  expect(first?.what).toMatch(/^The Docker engine does not answer: /);
  // What cannot be seen without it is not well.
  for (const name of ["platform", "toolchain"])
    expect(all.find(({ check }) => check === name)?.status, name).toBe("unknown");
});

test("a part of the platform does not run, and a port that is another's", async () => {
  const container = `berth-${settings.env}-redis`;
  await world.docker("stop", container);
  try {
    const platform = await look("platform");
    expect(platform).toMatchObject({ code: 1, status: "wrong" });
    expect(platform.said).toContain("redis does not run: its container is exited");
    expect((await look("control plane")).said).toContain('"redis" is away');
  } finally {
    await world.docker("start", container);
  }
  await until(async () => (await look("control plane")).status === "well", {
    ...{ what: "Redis to be back", deadlineMs: 60_000, everyMs: 500 },
  });
});

test("the disk is low", async () => {
  const folder = join(settings.dataDir, "small-disk");
  await ended("mkdir", ["-p", folder], {});
  expect((await ended("mount", ["-t", "tmpfs", "-o", "size=8m", "berth-test", folder], {})).code).toBe(0);
  try {
    const { code, status, said, first } = await look("disk", { BERTH_CACHE_DIR: folder });
    expect({ code, status }).toEqual({ code: 1, status: "wrong" });
    // Never what runs: Node and Pulumi are in the cache as well.
    expect(first?.mend).toContain(`rm -rf ${folder}/{fuzz,security}`);
    expect(said).toContain(`The disk of the cache (${folder}) has 0.0 GB left.`);
    // And in that cache there is nothing of what is run.
    expect((await look("toolchain", { BERTH_CACHE_DIR: folder })).said).toContain("pulumi");
  } finally {
    await ended("umount", [folder], {});
    await ended("rmdir", [folder], {});
  }
});

test("a secret that others may read, and a key that is another's", async () => {
  await chmod(paths.key, 0o644);
  try {
    expect((await look("secrets")).first?.mend).toBe(`chmod go-rwx ${paths.key}`);
  } finally {
    await chmod(paths.key, 0o600);
  }
  const key = await readFile(paths.key, "utf8");
  await writeFile(paths.key, Buffer.alloc(32, 7).toString("base64"));
  try {
    const { code, said } = await look("keys");
    expect(code).toBe(1);
    expect(said).toContain("not made of the key file that its database was written with");
  } finally {
    await writeFile(paths.key, key);
  }
  expect((await look("keys")).status).toBe("well");
});

test("the template is missing", async () => {
  const { name } = await templateName((await readPlatform(settings.dataDir)).images.odoo.digest);
  await world.sql("postgres", `alter database ${name} rename to lost_for_a_test`);
  try {
    expect((await look("template")).said).toBe(`The template database ${name} is not there.`);
  } finally {
    await world.sql("postgres", `alter database lost_for_a_test rename to ${name}`);
  }
});

test("a database is behind", async () => {
  const last = "(select max(created_at) from drizzle.__drizzle_migrations)";
  const [row] = await world.sql<{ hash: string; at: string }>(
    "tenant",
    `delete from drizzle.__drizzle_migrations where created_at = ${last} returning hash, created_at::text as at`,
  );
  try {
    expect((await look("migrations")).said).toMatch(/The database "tenant" is 1 migrations behind/);
  } finally {
    await world.sql("tenant", "insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)", [
      row?.hash,
      row?.at,
    ]);
  }
});

test("a dead process has left Pulumi's lock", async () => {
  const lock = {
    pid: 4_000_000,
    username: "root",
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  const data = Buffer.from(JSON.stringify(lock)).toString("base64");
  const key = `${locksRoot}ten_0000000000000000/x.json`;
  await world.sql(
    "pulumi",
    "insert into pulumi_state (key, data) values ($1, jsonb_build_object('data', $2::text))",
    [key, data],
  );
  try {
    const { status, said, first } = await look("locks");
    expect(status).toBe("warning");
    expect(said).toContain("The stack ten_0000000000000000 is locked by process 4000000 of root");
    expect(first?.mend).toContain("pulumi cancel");
  } finally {
    await world.sql("pulumi", "delete from pulumi_state where key = $1", [key]);
  }
});

describe("while the provisioner is stopped by a signal", () => {
  const stopped = async (work: (pid: number) => Promise<void>) => {
    const pid = await processOf("provisioner");
    process.kill(pid, "SIGSTOP");
    try {
      await work(pid);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await provisionerTakesWork();
  };
  const create = (slug: string) =>
    world.api<{ operation: { id: string } }>("POST", "/tenant/v1/tenants", {
      ...{ slug, name: slug, admin: { email: `admin@${slug}.example` } },
    });

  test("it is named, and so are rules of the firewall that nobody puts back", async () => {
    await stopped(async (pid) => {
      const { code, said, first } = await look("workers");
      expect(code).toBe(1);
      expect(said).toContain(`Process ${pid} (provisioner) is stopped by a signal`);
      expect(first?.mend).toContain(`kill -CONT ${pid}`);
      const chain = `BERTH-${settings.env}-IN`;
      await ended("iptables", ["-D", "INPUT", "-i", `br-${settings.env}`, "-j", chain], {});
      try {
        const firewall = await look("firewall");
        expect(firewall.said).toContain("is not at its place in INPUT");
        expect(firewall.first?.mend).toBe("bin/berth firewall");
      } finally {
        await mustBerth("firewall");
      }
      expect((await look("firewall")).status).toBe("well");
    });
  });

  test("an operation that nobody works on, and one that waits for long, are named with their tenant", async () => {
    const first = await create("stuck");
    const isRunning = async () =>
      (
        await world.sql(
          "instance",
          "select from leases l join operations o on o.id = l.operation_id where o.id = $1 and o.status = 'running'",
          [first.operation.id],
        )
      ).length > 0;
    await until(isRunning, { what: "the operation to be taken", deadlineMs: 30_000, everyMs: 5 });
    await stopped(async () => {
      expect(await isRunning()).toBe(true);
      const second = await create("waits");
      // As if minutes had passed.
      await world.sql(
        "instance",
        "update leases set expires_at = now() - interval '1 minute' where operation_id = $1",
        [first.operation.id],
      );
      await until(
        async () =>
          (
            await world.sql(
              "instance",
              "update operations set created_at = now() - interval '10 minutes' where id = $1 and status = 'queued' returning id",
              [second.operation.id],
            )
          ).length > 0,
        { what: "the second operation to wait", deadlineMs: 30_000, everyMs: 50 },
      );
      const workers = await look("workers");
      expect(workers.said).toMatch(
        new RegExp(
          `operation ${first.operation.id} \\(create, tenant stuck\\) is under way, and for \\d+ s nobody`,
        ),
      );
      const queue = await look("queue");
      expect(queue.said).toMatch(
        new RegExp(`1 operations wait, the oldest \\(${second.operation.id}\\) for 10 minutes`),
      );
    });
    const { items } = await world.api<{ items: Array<{ id: string }> }>(
      "GET",
      "/instance/v1/operations?limit=20",
    );
    expect(items.length).toBeGreaterThan(1);
    for (const slug of ["stuck", "waits"]) {
      const [one] = await world.sql<{ id: string }>(
        "instance",
        "select o.id from operations o join stacks s using (tenant_id) where s.slug = $1 and o.kind = 'create'",
        [slug],
      );
      expect(await world.ended(one?.id ?? "")).toMatchObject({ status: "succeeded" });
      await world.remove(slug);
    }
  });
});

test("the supervisor is stopped by a signal: whoever asks it and the doctor say which process, and what mends it", async () => {
  const supervisor = Number(/supervisor (\d+)/.exec(await mustBerth("status"))?.[1]);
  process.kill(supervisor, "SIGSTOP");
  try {
    for (const verb of ["status", "restart", "stop"]) {
      const { code, err } = await berth([verb]);
      expect(code, verb).toBe(1);
      expect(err, verb).toContain(`The supervisor (process ${supervisor}) is stopped by a signal`);
      expect(err, verb).toContain(`kill -CONT ${supervisor} lets it go on.`);
    }
    const { code, first } = await look("locks");
    expect(code).toBe(1);
    expect(first?.what).toContain(`(process ${supervisor}) is stopped by a signal: it does not answer.`);
    const [mend = ""] = /kill -CONT \d+/.exec(first?.mend ?? "") ?? [];
    expect((await ended("sh", ["-c", mend], {})).code).toBe(0);
  } finally {
    process.kill(supervisor, "SIGCONT");
  }
  // It hears now what it was told meanwhile, to stop above all: one that runs again is another one.
  await until(async () => (await berth(["up"])).code === 0, {
    ...{ what: "the control plane to be there", deadlineMs: 120_000, everyMs: 1_000 },
  });
  expect((await look("locks")).status).toBe("well");
});

test("the supervisor was killed: its socket is there, nothing answers, and one command mends it", async () => {
  const supervisor = Number(/supervisor (\d+)/.exec(await mustBerth("status"))?.[1]);
  process.kill(supervisor, "SIGKILL");
  const { code, said, first } = await look("locks");
  expect(code).toBe(1);
  expect(said).toContain("is there, and nobody answers behind it");
  expect(first?.mend).toBe("bin/berth start");
  await until(async () => (await berth(["up"])).code === 0, {
    ...{ what: "the control plane to be back", deadlineMs: 120_000, everyMs: 1_000 },
  });
  expect((await look("locks")).status).toBe("well");
});
