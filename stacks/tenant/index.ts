import * as pulumi from "@pulumi/pulumi";
import { configKey, parse } from "./contract.ts";
import { program } from "./program.ts";

// How the plain CLI runs the tenant program.
const config = parse(new pulumi.Config(configKey.namespace).requireObject(configKey.name));

export default program(config);
