import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

const module = join(import.meta.dirname, "../../control-plane/cli/asked-to-stop.ts");
const script = `import { askedToStop } from "${module}";
const alive = setInterval(() => undefined, 1_000);
const stop = askedToStop();
process.send("ready");
console.log(await stop);
clearInterval(alive);`;

/** A process as the supervisor starts one, waiting to be asked. */
async function child() {
  const started = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  await once(started, "message");
  return { started, said: once(started.stdout ?? started, "data"), ended: once(started, "exit") };
}

test("a process that was asked to stop ends by itself while its supervisor lives on", async () => {
  const { started, said, ended } = await child();
  started.kill("SIGTERM");
  expect(String(await said)).toBe("SIGTERM\n");
  expect(await ended).toEqual([0, null]);
});

test("a process whose supervisor went before it listened ends as well", async () => {
  const late = `process.send("loading");
await new Promise((resolve) => process.once("disconnect", resolve));
const { askedToStop } = await import("${module}");
console.log(await askedToStop());`;
  const started = spawn(process.execPath, ["--input-type=module", "--eval", late], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  await once(started, "message");
  const said = once(started.stdout ?? started, "data");
  started.disconnect();
  expect(String(await said)).toBe("the supervisor is gone\n");
});

test("a process whose supervisor is gone ends as well", async () => {
  const { started, said, ended } = await child();
  started.disconnect();
  expect(String(await said)).toBe("the supervisor is gone\n");
  expect(await ended).toEqual([0, null]);
});
