import type { Tools } from "../../toolchain/setup.ts";

/** What set-up made ready, as far as the platform needs it. */
export type PlatformTools = Pick<Tools, "pulumi" | "plugins" | "images">;

/** Told in plain words what is being done and how far it is. */
export type Progress = (text: string) => void;
