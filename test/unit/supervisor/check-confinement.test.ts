import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkConfinement } from "../../../control-plane/cli/check-confinement.ts";
import { dataPaths, projectRoot } from "../../../control-plane/paths.ts";
import { serviceConfinement } from "../../../control-plane/service-confinement.ts";
import { serviceNames } from "../../../control-plane/service-names.ts";
import { serviceUsers } from "../../../control-plane/service-users.ts";
import { parseSettings } from "../../../control-plane/settings.ts";

let folder: string;
let filesOfUser: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-data-"));
  const paths = dataPaths(folder);
  filesOfUser = paths.serviceFiles("user").folder;
  await mkdir(paths.mail);
  for (const name of serviceNames) {
    const its = paths.serviceFiles(name).folder;
    await mkdir(its, { recursive: true });
    await chown(its, serviceUsers[name], serviceUsers.together);
    await chmod(its, 0o550);
  }
});
afterEach(() => rm(folder, { recursive: true }));

const check = (services: string, more: Record<string, string> = {}) => {
  const env = { ...process.env, BERTH_DATA_DIR: folder, BERTH_SERVICES: services, ...more };
  return checkConfinement({ settings: parseSettings(env), env, node: process.execPath });
};

test.each(["together", "apart"])("services that run %s can be confined here", (services) => check(services));

test("where there is nothing to confine with, it is said what is missing", async () => {
  await expect(check("together", { PATH: folder })).rejects.toThrow(
    /^The services cannot be confined: spawn unshare ENOENT\. That takes root .* util-linux/,
  );
});

test("a path that is not there is named", async () => {
  await rm(filesOfUser, { recursive: true });
  await expect(check("apart")).rejects.toThrow(
    new RegExp(`^The user service cannot be confined: mount: .*${filesOfUser} does not exist\\. That takes`),
  );
});

test("a path that the service's user may not read is named", async () => {
  await chown(filesOfUser, 0, 0);
  await chmod(filesOfUser, 0o700);
  await expect(check("apart")).rejects.toThrow(
    `The user service cannot be confined: EACCES: permission denied, access '${filesOfUser}'. That takes`,
  );
});

test.each(["/usr/local/berth-data", "/etc/berth", "/usr", join(projectRoot, "control-plane/data")])(
  "the data folder may not be %s, which every service would be shown",
  async (dataDir) => {
    const env = { ...process.env, BERTH_DATA_DIR: dataDir };
    const settings = parseSettings(env);
    // Nothing is made there.
    expect(() => serviceConfinement("user", settings, { node: process.execPath })).toThrow(
      /^The data folder \S+ lies in \S+, which every service is shown whole\. Set BERTH_DATA_DIR/,
    );
  },
);
