import { beforeAll, describe, expect, inject, test } from "vitest";
import { people, withMail } from "../control-plane/people.ts";
import { withServices } from "../control-plane/support.ts";
import { listen } from "./listen.ts";
import { outOfReach, type Scene, tenantScene, userScene } from "./scenes.ts";
import { fuzz } from "./schemathesis.ts";

const seed = Number(process.env.FUZZ_SEED ?? 1);
const usualExamples = 30;
const maxExamples = Number(process.env.FUZZ_EXAMPLES ?? usualExamples);
// The usual ones take a minute, and two on a busy machine.
const fenceMs = Math.max(300_000, maxExamples * 3_000);

const mail = await withMail();
const t = withServices({ mailer: mail.mailer, heartbeatMs: 500 });
let baseUrl: string;
const scenes = {} as Record<"user" | "tenant" | "instance", Scene>;

beforeAll(async () => {
  baseUrl = await listen((request, env) => t.services.fetch(request, env));
  scenes.user = await userScene(people(t, mail), mail, t);
  scenes.tenant = await tenantScene(t);
  scenes.instance = await tenantScene(t);
});

// Side by side: the user service's answers take a fixed time, most of which is waiting.
describe.concurrent("whatever is sent to it, by its own document, is answered as documented:", () => {
  test.each(["user", "tenant", "instance"] as const)(
    "the %s service",
    { timeout: fenceMs + 30_000 },
    async (service) => {
      const scene = scenes[service];
      const program = inject("schemathesis");
      // The user service has more operations than the others together.
      const most = service === "user" ? Math.ceil(maxExamples / 2) : maxExamples;
      const result = await fuzz({ program, baseUrl, service, ...scene, maxExamples: most, seed, fenceMs });
      const end = result.cutShort ? `the fence of ${fenceMs / 1000} s cut it short` : "all of it was sent";
      const [sent] = /\d+(?= generated)/.exec(result.report) ?? [];
      console.log(
        `${service}: seed ${seed}, ${most} examples of an operation at most, ${sent} in all, ${end}.`,
      );
      expect(result.failures, result.report).toEqual([]);
      // Only who asks for more may be content with what there was time for.
      if (maxExamples <= usualExamples) expect(result.cutShort, end).toBe(false);
      if (!result.cutShort)
        expect(result.unreached.filter((one) => !outOfReach[service]?.includes(one))).toEqual([]);
    },
  );
});
