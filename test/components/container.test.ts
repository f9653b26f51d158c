import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { dockerApi } from "../../components/provider/docker.ts";
import { type FittingsState, fittings } from "../../components/provider/fittings/resource.ts";
import { plain } from "../../components/provider/values.ts";
import { volume } from "../../components/provider/volume/resource.ts";
import { testTools } from "../support/platform.ts";
import { docker, uniqueName } from "./servers.ts";

const engine = dockerApi("unix:///var/run/docker.sock");

describe("a container's fittings", () => {
  const resource = fittings(engine);
  let container: string;
  beforeAll(async () => {
    const { images } = await testTools();
    container = await docker(
      ...[
        "run",
        "--detach",
        "--label",
        "berth.env=t-comp",
        "--name",
        uniqueName("fittings"),
        "--user",
        "999",
      ],
      ...["--cap-drop", "ALL", "--entrypoint", "sleep", images.redis.ref, "infinity"],
    );
  });
  afterAll(() => docker("rm", "--force", "--volumes", container));

  const inputs = () => ({
    container,
    pids: 64,
    cpus: 0.5,
    file: { path: "/run/berth/secret", content: "a secret", uid: 999 },
  });
  const create = async () => plain((await resource.create(inputs())).state) as FittingsState;
  const read = async (state: FittingsState) => plain(await resource.read(container, state)) as FittingsState;

  test("limit it, and give it a file that its user alone may read", async () => {
    const state = await create();
    expect(state).toMatchObject({ pids: 64, cpus: 0.5, mode: "400" });
    expect(await docker("exec", container, "stat", "-c", "%a %u", "/run/berth/secret")).toBe("400 999");
    expect(await docker("exec", container, "cat", "/run/berth/secret")).toBe("a secret");
    expect(await docker("inspect", "--format", "{{.HostConfig.PidsLimit}}", container)).toBe("64");
    await expect(docker("exec", "--user", "1234", container, "cat", "/run/berth/secret")).rejects.toThrow(
      "denied",
    );
  });

  test("change in place", async () => {
    const state = await create();
    expect(resource.diff(state, inputs()).changes).toBe(false);
    const other = { ...inputs(), cpus: 1, file: { ...inputs().file, content: "another" } };
    expect(resource.diff(state, other)).toEqual({ changes: true, replaces: [] });
    await resource.update(container, state, other);
    expect(await docker("exec", container, "cat", "/run/berth/secret")).toBe("another");
  });

  test("show what was changed by hand", async () => {
    const state = await create();
    expect(await read(state)).toEqual(state);
    await docker("update", "--pids-limit", "99", container);
    await docker("exec", container, "chmod", "444", "/run/berth/secret");
    const drifted = await read(state);
    expect(drifted).toMatchObject({ pids: 99, mode: "444" });
    expect(resource.diff(drifted, inputs()).changes).toBe(true);
    await resource.update(container, drifted, inputs());
    expect(await read(state)).toEqual(state);
  });

  test("are gone with the container", async () => {
    const state = await create();
    expect(
      await resource.read("no-such-container", { ...state, container: "no-such-container" }),
    ).toBeUndefined();
    await expect(resource.create({ ...inputs(), container: "no-such-container" })).rejects.toThrow(
      "no container",
    );
  });
});

describe("a volume", () => {
  const resource = volume(engine);
  const name = uniqueName("volume");
  const inputs = { name, labels: { "berth.env": "t-comp" } };
  afterEach(() => docker("volume", "rm", "--force", name));

  test("is made with its labels, and again after a kill", async () => {
    expect((await resource.create(inputs)).state).toEqual(inputs);
    expect(await resource.create(inputs)).toEqual({ id: name, state: inputs });
    expect(await resource.read(name, inputs)).toEqual(inputs);
    expect(resource.diff(inputs, inputs).changes).toBe(false);
  });

  test("of somebody else is not taken", async () => {
    await docker("volume", "create", name);
    await expect(resource.create(inputs)).rejects.toThrow("is not this instance's");
  });

  test("is removed, and may be removed again", async () => {
    await resource.create(inputs);
    await resource.remove(name, inputs);
    await resource.remove(name, inputs);
    expect(await resource.read(name, inputs)).toBeUndefined();
  });
});

test("an engine that is away is told by its address", async () => {
  const away = fittings(dockerApi("unix:///nonexistent/docker.sock"));
  await expect(away.read("x", { path: "/x" } as FittingsState)).rejects.toThrow(
    "unix:///nonexistent/docker.sock",
  );
});
