import { main } from "@pulumi/pulumi/provider/server.js";
import { createProvider } from "./provider.ts";
import { parseSettings } from "./settings.ts";

// Run by Pulumi as a plugin, or by itself to be attached to (PULUMI_DEBUG_PROVIDERS=berth:<port it prints>).
try {
  await main(createProvider(parseSettings(process.env)), process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
