import type { GoRecipe } from "./make/go-build.ts";

interface OfficialBinary {
  version: string;
  /** File name at the vendor's, for this machine. */
  archive(arch: "x64" | "arm64"): string;
  /** Folder inside the archive whose files are taken. */
  folder: string;
}

export interface BinaryRecipe {
  official?: OfficialBinary & { from: "pulumi" | "plugins" };
  built: { version: string; parts: GoRecipe[] };
  /** What the built one cannot do and the official one can. */
  builtLacks?: string;
}

export type BinaryName = "pulumi" | "plugin-docker" | "plugin-postgresql" | "traefik" | "mailpit";

const cliVersion = "3.250.0";
const mailpitVersion = "1.33.1";

/** Every binary that is not an image: Pulumi and its plugins; and what images are made of. */
export const binaries: Record<BinaryName, BinaryRecipe> = {
  pulumi: {
    official: {
      from: "pulumi",
      version: "3.270.0",
      archive: (arch) => `pulumi-v3.270.0-linux-${arch}.tar.gz`,
      folder: "pulumi",
    },
    built: {
      version: cliVersion,
      parts: [
        {
          folder: "pulumi",
          target: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
          binary: "pulumi",
          // Without it the CLI has no version, and the Automation API refuses it.
          ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${cliVersion}`,
        },
        {
          folder: "language-nodejs",
          target: "github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3",
          binary: "pulumi-language-nodejs",
        },
      ],
    },
  },
  "plugin-docker": {
    official: plugin("docker", "5.2.0"),
    built: {
      version: "5.2.0",
      parts: [
        {
          folder: "resource-docker",
          target: ".",
          binary: "pulumi-resource-docker",
          // The bridge has no compose resources, and they bring all of Docker Compose.
          tag: "no_compose",
          vendored: {
            module: "github.com/kreuzwerker/terraform-provider-docker@v0.0.0-20260916201441-96d331c98ff4",
            sum: "h1:T3HvvZCRd4h2qkMl+SXA2zza26Rdz8xqV81skikQWy4=",
            to: "upstream",
            overlay: { from: "export", to: "export" },
          },
        },
      ],
    },
  },
  "plugin-postgresql": {
    official: plugin("postgresql", "3.18.1"),
    built: {
      version: "3.18.1",
      parts: [{ folder: "resource-postgresql", target: ".", binary: "pulumi-resource-postgresql" }],
    },
    builtLacks: "no GrantRole, Function, Publication, and no alterObjectOwnership",
  },
  traefik: {
    built: {
      version: "3.7.13",
      parts: [
        {
          folder: "traefik",
          target: "github.com/traefik/traefik/v3/cmd/traefik",
          binary: "traefik",
          // Its library for certificates, without those of 200 DNS vendors: Berth's Traefik asks for no certificates.
          vendored: {
            module: "github.com/go-acme/lego/v5@v5.4.1",
            sum: "h1:Jt6xAP9xQrJ3SLLGgxejfDDd3pzdrmuLCWe4oTqHHQc=",
            to: "lego",
            overlay: { from: "dns", to: "providers/dns" },
          },
        },
      ],
    },
  },
  mailpit: {
    built: {
      version: mailpitVersion,
      parts: [
        {
          folder: "mailpit",
          target: ".",
          binary: "mailpit",
          ldflags: `-X github.com/axllent/mailpit/config.Version=v${mailpitVersion}`,
          vendored: {
            module: `github.com/axllent/mailpit@v${mailpitVersion}`,
            sum: "h1:5cW1C4QrxRKh9qNiRYvSVaYw82BU1lGt/mYZtGUmi7A=",
            to: "upstream",
            // npm packages of exact versions, of those that the registry has.
            overlay: { from: "page", to: "." },
          },
          // The module comes without its page, and is built in its own folder, which embeds it.
          page: { folder: "upstream", script: "esbuild.config.mjs", env: { MINIFY: "true" } },
          module: "upstream",
        },
      ],
    },
  },
};

function plugin(name: string, version: string): BinaryRecipe["official"] {
  return {
    from: "plugins",
    version,
    archive: (arch) => `pulumi-resource-${name}-v${version}-linux-${arch === "x64" ? "amd64" : arch}.tar.gz`,
    folder: ".",
  };
}
