// A run of the migrations that can be killed: started by tests as a process of its own. Its logins come by stdin.
import { json } from "node:stream/consumers";
import { migrateOwned, type Owners } from "../../control-plane/migrate.ts";

try {
  await migrateOwned((await json(process.stdin)) as Owners);
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
