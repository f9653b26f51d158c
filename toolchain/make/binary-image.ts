import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importImage } from "../engine/images.ts";
import { packed } from "../engine/packed.ts";
import type { Engine } from "../engine/request.ts";
import type { Step } from "../progress.ts";

const authorities = "/etc/ssl/certs/ca-certificates.crt";

/** An image with nothing in it but one static binary and the certificate authorities of this machine. */
export async function binaryImage(
  engine: Engine,
  ref: string,
  binary: { file: string; to: string },
  work: string,
  step: Step,
): Promise<void> {
  step.say("packing the binary into an image");
  const put = async (file: string, to: string) => {
    await mkdir(join(work, to, ".."), { recursive: true });
    await copyFile(file, join(work, to));
  };
  await put(binary.file, binary.to);
  await put(authorities, authorities);
  await writeFile(join(work, "etc/passwd"), "root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n");
  await mkdir(join(work, "tmp"), { mode: 0o1777 });
  await packed(work, ["--owner=0", "--group=0"], (tar) => importImage(engine, ref, tar));
  await rm(work, { recursive: true });
}
