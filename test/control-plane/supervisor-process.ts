// A supervisor of one idle child, started by tests as a process of its own: several may be begun at once.
import { appending, createLog } from "../../control-plane/observability/log.ts";
import { supervise } from "../../control-plane/supervisor/supervise.ts";

const [socket = "", logFile = "", root] = process.argv.slice(2);
const idle = {
  name: "idle",
  command: process.execPath,
  args: ["-e", "process.once('disconnect', () => process.exit()); setInterval(() => {}, 60_000)"],
  env: {},
  logFile,
  errors: createLog({ env: "t-super", logLevel: "info" }, "idle", appending(logFile)),
};
await supervise({
  socket,
  children: [idle],
  settings: "of this test",
  log: createLog({ env: "t-super", logLevel: "fatal" }, "supervisor"),
  kept: { bytes: 1 << 20, files: 1 },
  watches: false,
  ...(root ? { root } : {}),
});
