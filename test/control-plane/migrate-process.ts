// A run of the migrations that can be killed: started by tests as a process of its own, of this version's code or, by the path
// of another migrate.ts, of that one's. Its logins come by stdin.
import { json } from "node:stream/consumers";

const [module = "../../control-plane/migrate.ts"] = process.argv.slice(2);
try {
  const { migrateOwned } = (await import(module)) as typeof import("../../control-plane/migrate.ts");
  await migrateOwned((await json(process.stdin)) as Parameters<typeof migrateOwned>[0]);
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
