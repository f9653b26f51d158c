// What the image of the user service runs.
import { openUserAlone } from "../alone/user.ts";
import { runInImage } from "./run.ts";

await runInImage("user", openUserAlone);
