import { beforeAll, describe, expect, it } from "vitest";
import { type Repository, wrongIn } from "./check-page.ts";
import { readRepository } from "./repository.ts";

let repository: Repository;
let texts: Map<string, string>;
beforeAll(async () => {
  ({ repository, texts } = await readRepository());
});

describe("the docs", () => {
  it("lead nowhere that is not there, and name no command, variable or file that is not", () => {
    expect(texts.size).toBeGreaterThan(30);
    expect([...texts].flatMap(([path, text]) => wrongIn(path, text, repository))).toEqual([]);
  });

  it("can all be reached from the README", () => {
    const reached = new Set<string>();
    const reach = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
      for (const { url } of repository.pages.get(path)?.links ?? []) {
        const target = new URL(url.split("#")[0] as string, `file:///${folder}`).pathname.slice(1);
        if (texts.has(target)) reach(target);
      }
    };
    reach("README.md");
    const alone = [...texts.keys()].filter((path) => !reached.has(path));
    expect(alone).toEqual([]);
  });
});

describe("the runbooks", () => {
  const part = (text: string, title: string) => text.split(new RegExp(`^## ${title}$`, "m"))[1] ?? "";

  it("begin with the doctor, which says at once what mends what", () => {
    const runbooks = [...texts].filter(([path]) => path.startsWith("docs/runbooks/"));
    expect(runbooks.length).toBeGreaterThan(10);
    for (const [path, text] of runbooks) {
      const isList = path.endsWith("/README.md");
      const first = isList
        ? part(text, "Before you begin").split("```")[1]?.trim().split("\n")[0]
        : part(text, "Look at").trim().split("\n")[0];
      expect(first, path).toMatch(/(^|`)bin\/berth doctor\b/);
    }
  });
});

describe("the check of the docs", () => {
  const wrong = (text: string, path = "docs/page.md") =>
    wrongIn(path, text, repository).map((one) => one.replace(/^\S+ /, ""));

  it("finds links that lead nowhere", () => {
    expect(
      wrong("[a](operators-guide.md#mail) [b](../README.md) [c](decisions) [d](https://x.example/y)"),
    ).toEqual([]);
    expect(wrong("# One\n\n[a](#one)")).toEqual([]);
    expect(wrong("[a](no-such.md)")).toEqual(["the link to no-such.md leads nowhere"]);
    expect(wrong("[a](operators-guide.md#no-such)")).toEqual([
      "docs/operators-guide.md has no heading for #no-such",
    ]);
    expect(wrong("# One\n\n[a](#two)")).toEqual(["docs/page.md has no heading for #two"]);
  });

  it("finds commands that are not there, in blocks and in sentences", () => {
    expect(wrong('`eval "$(bin/berth env acme)"`, `make test-fast`, `npm run --silent verify`')).toEqual([]);
    expect(wrong("`bin/berth platform backup --verify FILE`, `bin/berth operations acme | head`")).toEqual(
      [],
    );
    expect(wrong("`bin/berth serve user|tenant`, `0 2 * * * root /srv/berth/bin/berth firewall`")).toEqual(
      [],
    );
    expect(wrong("`bin/berth undo`")).toEqual(['bin/berth has no verb "undo"']);
    expect(wrong("`berth platform sideways`")).toEqual(['bin/berth platform has no verb "sideways"']);
    expect(wrong("```\nBERTH_ENV=a bin/berth stacks --xml   # as XML\n```")).toEqual([
      "bin/berth stacks has no option --xml",
    ]);
    expect(wrong("```\ncd x && bin/berth env a b\n```")).toEqual(["bin/berth env takes fewer arguments"]);
    expect(wrong("`bin/berth logs --level error --since 30m tenant-service | head`")).toEqual([]);
    expect(wrong("`bin/berth logs --level 50`")).toEqual(['bin/berth logs --level takes no "50"']);
    expect(wrong("`bin/berth restart services`")).toEqual(['there is no part "services"']);
    expect(wrong("`make coffee`")).toEqual(['make has no target "coffee"']);
    expect(wrong("`npm run coffee`")).toEqual(['package.json has no script "coffee"']);
  });

  it("finds logs that are read by hand, and levels that are numbers", () => {
    expect(wrong("`<data>/log/`, `services.log.1`, `bin/berth logs | jq -c .msg`, `jq .a b.json`")).toEqual(
      [],
    );
    expect(wrong("`bin/berth logs | jq -c 'select(.level >= 50) | .msg'`")).toEqual([
      "levels of logs are words and no numbers: bin/berth logs --level",
    ]);
    for (const command of ["jq -c .msg $data/log/services.log", "grep -h x $data/log/*.log | tail -3"])
      expect(wrong(`\`${command}\``)).toEqual(["a log is read by its file, and not by bin/berth logs"]);
  });

  it("finds variables and files that are not there", () => {
    expect(wrong("BERTH_WORKERS, `BERTH_*`, `control-plane/settings.ts`, `test/run.ts outages`")).toEqual([]);
    expect(
      wrong("`control-plane/<service>/schema.ts`, `docs/decisions/`, `settings.ts`, `/etc/x.sh`"),
    ).toEqual([]);
    expect(wrong("BERTH_COFFEE")).toEqual(["nothing knows a variable BERTH_COFFEE"]);
    expect(wrong("`control-plane/coffee.ts` and `toolchain/coffee/`")).toEqual([
      "there is no control-plane/coffee.ts",
      "there is no toolchain/coffee/",
    ]);
    expect(wrong("`brew-coffee.ts`")).toEqual(["there is no brew-coffee.ts"]);
  });
});
