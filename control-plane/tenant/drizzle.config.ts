import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "control-plane/tenant/schema.ts",
  out: "control-plane/tenant/migrations",
});
