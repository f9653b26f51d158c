// Obtains an artefact whose build stops half-way until a file appears: a process of its own, to be killed.
import { join } from "node:path";
import { createProgress } from "../../../toolchain/progress.ts";
import { run } from "../../../toolchain/run.ts";
import { obtain } from "../../../toolchain/store/obtain.ts";

const [cacheDir = "", diary = "", goAhead = ""] = process.argv.slice(2);

const entry = await obtain(
  {
    name: "slow",
    build: {
      key: () => "1",
      version: "1",
      async make(dir, step) {
        step.say("building");
        const script =
          'printf half >"$1/binary"; echo built $$ >>"$2"; until [ -e "$3" ]; do sleep 0.02; done; printf whole >"$1/binary"';
        await run("sh", ["-c", script, "sh", dir, diary, goAhead]);
        return {};
      },
    },
  },
  {
    cacheDir,
    use: "auto",
    progress: createProgress({ write: (text) => process.stderr.write(text), terminal: false }),
  },
);
process.stdout.write(join(entry.dir, "binary"));
