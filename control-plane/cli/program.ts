import { Command, Option } from "commander";
import { operationStatus } from "../instance/operation-status.ts";
import { parseSettings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { levels } from "./logs/levels.ts";
import type { LogOptions } from "./logs/logs.ts";
import type { OperationsOptions } from "./operations.ts";

/** The `berth` command. Each verb is a file of its own and is loaded only when it is called. */
export function program(line: CommandLine): Command {
  const { env, say } = line;
  const settings = () => parseSettings(env);
  const berth = new Command("berth")
    .description("A control plane that gives every customer an Odoo of their own.")
    .showHelpAfterError("Run bin/berth --help for the list of commands.");

  berth
    .command("start")
    .description("bring platform and control plane up")
    .action(async () => (await import("./start.ts")).start({ ...line, settings: settings() }));
  berth
    .command("stop")
    .description("stop the control plane; platform and tenants stay up")
    .action(async () => (await import("./stop.ts")).stop(settings(), say));
  berth
    .command("up")
    .description(
      "everything for who works on Berth, in a table at the end; changed code is taken up by itself",
    )
    .action(async () => (await import("./up.ts")).up({ ...line, settings: settings() }));
  berth
    .command("down")
    .description("stop control plane and platform; all data stay")
    .action(async () => (await import("./down.ts")).down({ ...line, settings: settings() }));
  berth
    .command("status")
    .description("say what runs")
    .action(async () => {
      if (!(await (await import("./status.ts")).status(settings(), say))) process.exitCode = 3;
    });
  berth
    .command("demo")
    .description('everything up, a staff account and the tenant "demo" made, its login proved')
    .action(async () => {
      await (await import("./start.ts")).start({ ...line, settings: settings() }, { makesStaff: true });
      await (await import("./demo.ts")).demo(settings(), say);
    });
  berth
    .command("logs")
    .argument("[service]", "one part; all of them without one")
    .option("-f, --follow", "go on with what is written, until ctrl-C")
    .option("--since <when>", "from then on: 10m, 2h, 1d ago, or a time (usually an hour; all, with an id)")
    .option("--tenant <tenant>", "only what is about this tenant, by its id or slug")
    .option("--operation <id>", "only what is about this operation")
    .option("--request <id>", "only what is about this request")
    .addOption(new Option("--level <level>", "this and worse").choices(levels))
    .option("--json", "as lines of JSON, as they are off a terminal")
    .description("what all parts have written, in the order of time")
    .action(async (service: string | undefined, options: LogOptions) =>
      (await import("./logs/logs.ts")).logs({ ...line, settings: settings() }, service, options),
    );
  berth
    .command("shell")
    .argument("[service]", "a part: PostgreSQL, Redis, a container, or a service's own database")
    .description("open the client or shell that fits a part; takes its input from a pipe as well")
    .action(async (service?: string) => {
      process.exitCode = await (await import("./shell.ts")).shell({ ...line, settings: settings() }, service);
    });
  berth
    .command("restart")
    .argument("[service]", "one part; the whole control plane without one")
    .description("restart with the code that is there now; operations under way go on")
    .action(async (service?: string) =>
      (await import("./restart.ts")).restart({ ...line, settings: settings() }, service),
    );
  berth
    .command("build")
    .argument("[service]", "one service or part of the platform; all services without one")
    .description("make images: of the services, or of a part of the platform")
    .action(async (service?: string) =>
      (await import("./build.ts")).build({ ...line, settings: settings() }, service),
    );
  berth
    .command("doctor")
    .option("--json", "as JSON")
    .description("what is wrong with this machine or this environment, and what mends it; changes nothing")
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import("./doctor.ts");
      process.exitCode = (await doctor({ ...line, settings: settings() }, options)) ? 0 : 1;
    });
  berth
    .command("db-test")
    .description("try each login against each database: what must work, and what must be refused")
    .action(async () => {
      const { dbTest } = await import("./db-test.ts");
      process.exitCode = (await dbTest({ ...line, settings: settings() })) ? 0 : 1;
    });
  berth
    .command("db-reset")
    .option("--yes-delete <environment>", "its name, where nobody can be asked")
    .description("begin anew with empty databases and no tenants; for development only, and asks first")
    .action(async (options: { yesDelete?: string }) =>
      (await import("./db-reset.ts")).dbReset({ ...line, settings: settings() }, options),
    );
  berth
    .command("pgadmin")
    .description("say where pgAdmin is and how one signs in; on a desktop open it")
    .action(async () => (await import("./pgadmin.ts")).pgadmin({ ...line, settings: settings() }));
  berth
    .command("mail")
    .argument("<address>")
    .description("print the newest mail to an address, where mails are caught")
    .action(async (address: string) => (await import("./mail.ts")).mail(settings(), say, address));
  berth
    .command("staff")
    .description("make the first staff account, its organisation and the API key of this command")
    .action(async () => (await import("./staff.ts")).staff(settings(), say));
  berth
    .command("env")
    .argument("[slug]", "tenant whose stack the pulumi CLI shall work on")
    .description('print what the pulumi CLI needs: eval "$(bin/berth env acme)"')
    .action(async (slug?: string) =>
      (await import("./env.ts")).printEnv({ ...line, settings: settings() }, slug),
    );
  berth
    .command("stacks")
    .description("list slug and stack of every tenant")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) =>
      (await import("./stacks.ts")).stacks(settings(), say, options),
    );
  berth
    .command("operations")
    .argument("[slug]", "only this tenant's")
    .description("list the newest operations, with their steps, their errors, and what checks have found")
    .addOption(
      new Option(
        "--status <status>",
        "only these; of those that wait or run all, of others the newest",
      ).choices(operationStatus.options),
    )
    .option("--json", "as JSON")
    .action(async (slug: string | undefined, options: OperationsOptions) =>
      (await import("./operations.ts")).operations(settings(), say, slug, options),
    );
  berth
    .command("check")
    .argument("[slug]", "a tenant")
    .option("--all", "every tenant, one after the other")
    .description("compare tenants with what their program says, and say what differs; changes nothing")
    .action(async (slug: string | undefined, options: { all?: boolean }) => {
      const { checkTenants } = await import("./check-tenants.ts");
      if (!(await checkTenants(settings(), say, slug, options))) process.exitCode = 3;
    });

  const audit = berth
    .command("audit")
    .description("who changed what: take it out, and look whether it is what it was");
  audit
    .command("export")
    .argument("<organization>", "its id, or platform for what belongs to none")
    .argument("<file>", "where to")
    .description("write the whole audit of an organisation into a file, as JSON lines")
    .action(async (organization: string, file: string) =>
      (await import("./audit/export.ts")).exportAudit(settings(), say, { organization, file }),
    );
  audit
    .command("head")
    .argument("<organization>", "its id, or platform for what belongs to none")
    .description("print what vouches for it up to now: keep that where Berth cannot reach it")
    .action(async (organization: string) =>
      (await import("./audit/head.ts")).auditHeadOf(settings(), say, organization),
    );
  audit
    .command("verify")
    .argument("<file>", "an export")
    .option("--head <file...>", "a head that was kept from earlier; more than one may be named", [])
    .option("--without-head", "look only whether the file hangs together")
    .description("look whether an export is what it was; asks nothing but the files")
    .action(async (file: string, options: { head: string[]; withoutHead?: boolean }) => {
      if (!(await (await import("./audit/verify.ts")).verifyAudit(say, file, options))) process.exitCode = 3;
    });

  berth
    .command("firewall")
    .description("put the tenants' firewall in place, before the Docker engine starts")
    .action(async () => (await import("./firewall.ts")).firewall({ ...line, settings: settings() }));

  const platform = berth
    .command("platform")
    .description("PostgreSQL, Redis, Traefik and the template database");
  platform
    .command("up")
    .description("bring the platform up, or check it")
    .action(
      async () => void (await (await import("./platform.ts")).platformUp({ ...line, settings: settings() })),
    );
  platform
    .command("down")
    .description("take the platform down; data stay in their volumes")
    .option("--purge", "remove the data as well: every tenant's database and files")
    .action(async (options: { purge?: boolean }) =>
      (await import("./platform.ts")).platformDown({ ...line, settings: settings() }, options),
    );
  platform
    .command("backup")
    .argument("[file]", "where to; a folder gets a file named by environment and time", ".")
    .option("--verify", "read a backup that is there, and write nothing")
    .description("back up the control plane's record, keys and state; tenants' own data are not in it")
    .action(async (file: string, options: { verify?: boolean }) => {
      const { backup, verify } = await import("./backup.ts");
      await (options.verify ? verify : backup)({ ...line, settings: settings() }, file);
    });
  platform
    .command("restore")
    .argument("<file>")
    .addOption(
      new Option("--keep-databases", "go on with control plane databases that are there").conflicts(
        "replaceDatabases",
      ),
    )
    .option("--replace-databases", "put the backup's in their place, and keep them under other names")
    .description("restore a backup into an empty data folder")
    .action(async (file: string, options: { keepDatabases?: boolean; replaceDatabases?: boolean }) =>
      (await import("./restore.ts")).restorePlatform({ ...line, settings: settings() }, file, options),
    );
  platform
    .command("check")
    .option("--json", "as JSON")
    .description("compare the record with what there is, tenant by tenant; changes nothing")
    .action(async (options: { json?: boolean }) => {
      const { check } = await import("./check.ts");
      if (!(await check({ ...line, settings: settings() }, options))) process.exitCode = 3;
    });

  berth
    .command("parts")
    .description("list the parts that logs, shell, restart and build take")
    .action(async () => say.line((await import("../part-names.ts")).partNames.join(" ")));

  // What the supervisor starts; a person has no need of these.
  berth
    .command("supervise", { hidden: true })
    .option("--watch")
    .action(async (options: { watch?: boolean }) =>
      (await import("./supervise.ts")).superviseHere({ ...line, settings: settings() }, options),
    );
  berth
    .command("serve", { hidden: true })
    .argument("[service]", "user, tenant or instance; all of them without one")
    .action(async (service?: string) => {
      if (service === "provisioner")
        await (await import("./provision.ts")).provision({ ...line, settings: settings() });
      else await (await import("./serve.ts")).serve({ ...line, settings: settings() }, service);
    });
  return berth;
}
