import type { DebianRecipe } from "./make/debian.ts";

/** Where an image comes from when the official one cannot be had. */
type Built =
  | { how: "debian"; debian: DebianRecipe }
  /** A static binary that the toolchain builds, in an otherwise empty image. */
  | { how: "binary"; artifact: "traefik"; binary: string; to: string };

export interface ImageRecipe {
  /** The version our tags begin with. */
  version: string;
  /** The official image. */
  upstream: string;
  built: Built;
  /** Dockerfile instructions of the built image, so that it is used like the official one. */
  config: string[];
  /** Folder with a Dockerfile that is put on top of either. */
  layer?: string;
  /** What the built image cannot do and the official one can. */
  builtLacks?: string;
}

export type ImageName = "odoo" | "postgres" | "redis" | "traefik";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The image catalogue: every image that Berth runs, and the only place that says where it comes from. */
export const images: Record<ImageName, ImageRecipe> = {
  postgres: {
    version: "17",
    upstream: "postgres:17",
    built: {
      how: "debian",
      debian: {
        suite: "trixie",
        packages: ["postgresql-17", "ca-certificates"],
        files: [{ from: "postgres/entry.sh", to: "/usr/local/bin/docker-entrypoint.sh", mode: "0755" }],
        before: [
          // The official image's numbers, so that a data volume fits both.
          ...systemUser("postgres", 999, 999, "/var/lib/postgresql"),
          'mkdir -p "$1/etc/postgresql-common" "$1/docker-entrypoint-initdb.d"',
          'echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"',
        ],
        after: ['chroot "$1" install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data'],
      },
    },
    config: [
      `ENV PATH=/usr/lib/postgresql/17/bin:${path.slice(5)}`,
      "ENV LANG=C.UTF-8",
      "ENV PGDATA=/var/lib/postgresql/data",
      "VOLUME /var/lib/postgresql/data",
      "EXPOSE 5432",
      "STOPSIGNAL SIGINT",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["postgres"]',
    ],
  },
  redis: {
    version: "8",
    upstream: "redis:8",
    built: {
      how: "debian",
      debian: {
        suite: "trixie",
        packages: ["redis-server", "ca-certificates"],
        files: [{ from: "redis/entry.sh", to: "/usr/local/bin/docker-entrypoint.sh", mode: "0755" }],
        before: systemUser("redis", 999, 999, "/data"),
        after: ['chroot "$1" install -d -o redis -g redis /data'],
      },
    },
    config: [
      `ENV ${path}`,
      "VOLUME /data",
      "WORKDIR /data",
      "EXPOSE 6379",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["redis-server"]',
    ],
  },
  traefik: {
    version: "3.6.0",
    upstream: "traefik:v3.6.0",
    built: { how: "binary", artifact: "traefik", binary: "traefik", to: "/usr/local/bin/traefik" },
    config: [`ENV ${path}`, "EXPOSE 80", 'ENTRYPOINT ["traefik"]'],
  },
  odoo: {
    version: "19",
    upstream: "odoo:19",
    built: {
      how: "debian",
      debian: {
        suite: "trixie",
        packages: [
          "ca-certificates",
          "fonts-noto-core",
          "postgresql-client-17",
          "python3-ldap",
          "python3-odf",
          "python3-pdfminer",
          "python3-phonenumbers",
          "python3-slugify",
        ],
        from: { suite: "sid", packages: ["odoo-19"] },
        // Left trixie for its old Qt. Debian's build of it ignores the header and footer of a report.
        apart: { suite: "bookworm", package: "wkhtmltopdf", install: "wkhtmltopdf/install.sh" },
        // The official image's numbers, so that a files volume fits both.
        before: systemUser("odoo", 100, 101, "/var/lib/odoo"),
      },
    },
    config: [`ENV ${path}`, "ENV LANG=C.UTF-8", "EXPOSE 8069 8072", "USER odoo"],
    layer: "odoo",
    builtLacks: "PDF reports come without their header and footer, and one document at a time",
  },
};

/** Hooks that make a user before the package that would make it with another number. */
function systemUser(name: string, uid: number, gid: number, home: string): string[] {
  return [
    `echo "${name}:x:${gid}:" >>"$1/etc/group"`,
    `echo "${name}:x:${uid}:${gid}::${home}:/usr/sbin/nologin" >>"$1/etc/passwd"`,
  ];
}
