import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { listen, shut } from "./file-server.ts";

export interface Registry {
  /** To be put before an image's name: `127.0.0.1:port/`. */
  prefix: string;
  /** Paths asked for, in order. */
  asked: string[];
  close(): Promise<void>;
}

const digest = (body: Buffer) => `sha256:${createHash("sha256").update(body).digest("hex")}`;

/**
 * As much of an image registry as `docker pull` needs, with one image of one layer.
 * @param image name and tag, `tiny:1`; nothing else is there.
 * @param tar the layer's root file system; none makes a registry that takes connections and says nothing.
 */
export async function startRegistry(image: string, tar: Buffer | undefined): Promise<Registry> {
  const [name = "", tag = ""] = image.split(":");
  const layer = gzipSync(tar ?? Buffer.alloc(0));
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Cmd: ["/official"] },
      rootfs: { type: "layers", diff_ids: [digest(tar ?? Buffer.alloc(0))] },
    }),
  );
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.length,
        digest: digest(config),
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
          size: layer.length,
          digest: digest(layer),
        },
      ],
    }),
  );
  const bodies: Record<string, [type: string, body: Buffer]> = {
    "/v2/": ["application/json", Buffer.from("{}")],
    [`/v2/${name}/manifests/${tag}`]: [type, manifest],
    [`/v2/${name}/manifests/${digest(manifest)}`]: [type, manifest],
    [`/v2/${name}/blobs/${digest(config)}`]: ["application/octet-stream", config],
    [`/v2/${name}/blobs/${digest(layer)}`]: ["application/octet-stream", layer],
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (tar === undefined) return;
    const found = bodies[request.url ?? ""];
    if (found === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
      return;
    }
    const [contentType, body] = found;
    response.writeHead(200, {
      "content-type": contentType,
      "content-length": body.length,
      "docker-content-digest": digest(body),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  const url = await listen(server);
  return { prefix: `${new URL(url).host}/`, asked, close: () => shut(server) };
}
