// The auth database: who is who. Its tables come with real identity; until then it holds the audit only.
export { audit } from "../audit/schema.ts";
