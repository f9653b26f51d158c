import { table as asTable } from "../support/table.ts";
import { type Outcome, type Reaction, reactionOf } from "./client.ts";
import type { Outage, Verdict } from "./scene.ts";

const how = { killed: "SIGKILL", ended: "SIGTERM", held: "SIGSTOP" } as const;
const howServer = { killed: "docker kill", ended: "docker stop", held: "docker pause" } as const;

export function nameOf({ part, way }: Outage): string {
  const isServer = part === "postgres" || part === "redis";
  return `${part}, ${(isServer ? howServer : how)[way]}`;
}

const columns = [
  "away, by",
  "the others' /health",
  "taken meanwhile",
  "refused",
  "no answer",
  "caught up",
  "lost",
  "twice",
];

/** The outage table as text: one line for each outage, then what was wrong in whole sentences. */
export function table(verdicts: Verdict[], outages: Outage[]): string {
  const lines = outages.map((outage) => {
    const verdict = verdicts.find((one) => one.outage === outage);
    if (!verdict) return [nameOf(outage), "not run to its end"];
    const { said, meanwhile, caughtUp, lost, twice } = verdict;
    const cell = (reaction: Reaction) =>
      summary(meanwhile.outcomes.filter((one) => reactionOf(one) === reaction));
    return [
      nameOf(outage),
      said,
      ...[cell("taken"), cell("refused"), cell("unanswered")],
      `${caughtUp.toFixed(1)} s`,
      ...[`${lost.length}`, `${twice.length}`],
    ];
  });
  const wrong = verdicts.flatMap(({ outage, lost, twice, flaws }) =>
    [...lost.map((one) => `lost: ${one}`), ...twice.map((one) => `twice: ${one}`), ...flaws].map(
      (one) => `${nameOf(outage)}: ${one}`,
    ),
  );
  return [
    "The outage table. Seconds are from the return to the last end.",
    asTable(columns, lines),
    ...wrong,
  ].join("\n");
}

/** `2 create (pending), 1 change` and, where they were refused, why and after how long at most. */
function summary(outcomes: Outcome[]): string {
  if (outcomes.length === 0) return "-";
  const whats = [...new Set(outcomes.map(({ wanted }) => wanted.what))].map((what) => {
    const these = outcomes.filter(({ wanted }) => wanted.what === what);
    const states = what === "create" ? these.flatMap(({ body }) => body.tenant?.status ?? []) : [];
    return `${these.length} ${what}${states.length > 0 ? ` (${[...new Set(states)].join(", ")})` : ""}`;
  });
  const codes = [
    ...new Set(outcomes.flatMap(({ status, body }) => (status === 503 ? `503 ${body.code}` : []))),
  ];
  const slowest = Math.max(...outcomes.map(({ seconds }) => seconds)).toFixed(1);
  return `${whats.join(", ")}${codes.length > 0 ? `: ${codes.join(", ")}` : ""}, in ${slowest} s`;
}
