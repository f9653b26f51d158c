import * as pulumi from "@pulumi/pulumi";
import { parse } from "./contract.ts";
import { program } from "./program.ts";

const outputs = program(parse(new pulumi.Config("berth-platform").requireObject("platform")));

export const network = outputs.network;
export const postgres = outputs.postgres;
export const redis = outputs.redis;
export const traefik = outputs.traefik;
export const tools = outputs.tools;
