// What the image of the instance service runs.
import { openInstanceAlone } from "../alone/instance.ts";
import { runInImage } from "./run.ts";

await runInImage("instance", openInstanceAlone);
