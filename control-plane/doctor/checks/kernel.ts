import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

/** Folders that a watch of the code needs one each for, and what a person's editor takes beside it. */
const fewWatches = 8_192;
const fewInstances = 64;

export const kernel: Check = {
  name: "kernel",
  async look(bench) {
    const found = [...(await forwarding(bench)), ...(await watches(bench))];
    return found.length > 0 ? found : { well: "it forwards packets, and has watches for files" };
  },
};

async function forwarding({ proc, engine }: Bench): Promise<Finding[]> {
  // The engine turns it on when it starts.
  if ("away" in engine || (await number(proc, "net/ipv4/ip_forward")) !== 0) return [];
  return [
    {
      status: "wrong",
      what: "The kernel forwards no packets (net.ipv4.ip_forward is 0).",
      why: "Tenants reach nothing outside: no mail server, no bank.",
      mend: "sysctl -w net.ipv4.ip_forward=1",
    },
  ];
}

async function watches({ proc }: Bench): Promise<Finding[]> {
  const most = await number(proc, "fs/inotify/max_user_watches");
  const instances = await number(proc, "fs/inotify/max_user_instances");
  const few = (name: string, value: number, enough: number): Finding[] =>
    value >= enough
      ? []
      : [
          {
            status: "warning",
            what: `fs.inotify.${name} is ${value}.`,
            why: "With few of them changes of the code, or of Traefik's files, are not seen.",
            mend: `sysctl -w fs.inotify.${name}=${enough * 8}`,
          },
        ];
  return [
    ...few("max_user_watches", most, fewWatches),
    ...few("max_user_instances", instances, fewInstances),
  ];
}

async function number(proc: string, name: string): Promise<number> {
  return Number(await readFile(join(proc, "sys", name), "utf8"));
}
