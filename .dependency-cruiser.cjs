// Imports point one way: routes -> verbs -> jobs, provisioner -> stacks/tenant/contract -> components.
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
module.exports = {
  forbidden: [
    rule("no-cycles", "Two files that import each other cannot be read alone.", {}, { circular: true }),
    rule(
      "programs-know-nothing-of-the-control-plane",
      "stacks/ and components/ also run under the plain pulumi CLI.",
      { path: "^(stacks|components)/" },
      { path: "^(control-plane|toolchain|test)/" },
    ),
    rule(
      "components-know-nothing-of-stacks",
      "A component is reusable by any stack.",
      { path: "^components/" },
      { path: "^stacks/" },
    ),
    rule(
      "automation-api-only-in-the-provisioner",
      "The process that faces the network starts no engine.",
      { path: "^control-plane/", pathNot: "^control-plane/(provisioner|platform)/" },
      { path: "@pulumi/pulumi/automation" },
    ),
    rule(
      "services-know-the-contract-only",
      "Services describe what should be; the program is the provisioner's.",
      { path: "^control-plane/(http|user|tenant|instance)/" },
      { path: "^(components|stacks/(?!tenant/(contract|names|crypter|config-file)))" },
    ),
    rule(
      "services-do-not-import-each-other",
      "They speak over their HTTP APIs.",
      { path: "^control-plane/(user|tenant)/" },
      {
        path: "^control-plane/(user|tenant|instance)/",
        pathNot: [
          "^control-plane/$1/",
          "^control-plane/instance/client\\.ts$",
          "^control-plane/user/client\\.ts$",
        ],
      },
    ),
    rule(
      "routes-do-http-only",
      "Routes parse, call a verb and answer; the ORM belongs to verbs.",
      { path: "^control-plane/[^/]+/routes/" },
      { path: "drizzle-orm|node_modules/pg/|/schema\\.ts$" },
    ),
    rule(
      "product-does-not-import-tests",
      "Tests stand on the product, not under it.",
      { pathNot: "^test/" },
      { path: "^test/" },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^node_modules/(?!@pulumi/pulumi/automation|drizzle-orm|pg/)" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
