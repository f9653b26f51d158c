import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "control-plane/instance/schema.ts",
  out: "control-plane/instance/migrations",
});
