import type { Tool } from "../control-plane/tool-names.ts";
import type { DebianRecipe } from "./make/debian.ts";

/** Where an image comes from when the official one cannot be had. */
type Built =
  | { how: "debian"; debian: DebianRecipe }
  /** A static binary that the toolchain builds, in an otherwise empty image. */
  | { how: "binary"; artifact: ImageBinary; binary: string; to: string };

/** Binaries that images are made of. */
export type ImageBinary = "traefik" | "mailpit";

export interface ImageRecipe {
  /** The version our tags begin with. */
  version: string;
  /** The official image. */
  upstream: string;
  /** Not there: only the official one is to be had. */
  built?: Built;
  /** What the built image stands on is shared by all images that name it alike, with the same packages and config. */
  root?: string;
  /** Dockerfile instructions of the built image, so that it is used like the official one. */
  config: string[];
  /** Folder with a Dockerfile that is put on top of either. */
  layer?: string;
  /** What the built image cannot do and the official one can. */
  builtLacks?: string;
}

/** A recipe of an image that can be built. */
export type BuiltRecipe = Pick<ImageRecipe, "version" | "config" | "root"> & { built: Built };

/** What tenants need. */
export type TenantImage = "odoo" | "postgres" | "redis" | "traefik";
/** What people have beside: the images of each tool. */
export const toolImages = {
  prometheus: ["prometheus", "postgres-exporter", "redis-exporter", "node-exporter"],
  mailpit: ["mailpit"],
  pgadmin: ["pgadmin"],
  grafana: ["grafana"],
} as const satisfies Record<Tool, readonly string[]>;
/** As they are made ready: Grafana, which may not be had, comes last. */
export const toolsInOrder = Object.keys(toolImages) as Tool[];
export type ToolImageName = (typeof toolImages)[Tool][number];
export type ImageName = TenantImage | ToolImageName;

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Prometheus and its exporters: one root for all four, and each under the path that its official image has. */
const monitoring: Pick<ImageRecipe, "built" | "root" | "config"> = {
  root: "monitoring",
  built: {
    how: "debian",
    debian: {
      suite: "trixie",
      packages: [
        "ca-certificates",
        "prometheus",
        "prometheus-node-exporter",
        "prometheus-postgres-exporter",
        "prometheus-redis-exporter",
      ],
      after: [
        'ln -s prometheus-postgres-exporter "$1/usr/bin/postgres_exporter"',
        'ln -s prometheus-node-exporter "$1/usr/bin/node_exporter"',
        'ln -s usr/bin/prometheus-redis-exporter "$1/redis_exporter"',
        // The official image's, so that a data volume fits both.
        'chroot "$1" install -d -o nobody -g nogroup /prometheus',
      ],
    },
  },
  config: [`ENV ${path}`, "USER nobody", "WORKDIR /prometheus"],
};

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
    version: "3.7.13",
    upstream: "traefik:v3.7.13",
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
  prometheus: { ...monitoring, version: "2.53.3", upstream: "prom/prometheus:v2.53.3" },
  "postgres-exporter": {
    ...monitoring,
    version: "0.17.1",
    upstream: "prometheuscommunity/postgres-exporter:v0.17.1",
  },
  "redis-exporter": { ...monitoring, version: "1.69.0", upstream: "oliver006/redis_exporter:v1.69.0" },
  "node-exporter": { ...monitoring, version: "1.9.0", upstream: "prom/node-exporter:v1.9.0" },
  mailpit: {
    version: "1.33.1",
    upstream: "axllent/mailpit:v1.33.1",
    built: { how: "binary", artifact: "mailpit", binary: "mailpit", to: "/mailpit" },
    config: [`ENV ${path}`, 'ENTRYPOINT ["/mailpit"]'],
  },
  pgadmin: {
    version: "9.18",
    upstream: "dpage/pgadmin4:9.18",
    built: {
      how: "debian",
      debian: {
        suite: "trixie",
        packages: ["ca-certificates", "media-types", "postgresql-client-17", "python3"],
        install: "pgadmin/install.sh",
        // The official image's number, so that a data volume fits both.
        before: systemUser("pgadmin", 5050, 5050, "/var/lib/pgadmin"),
      },
    },
    config: [`ENV ${path}`, "ENV LANG=C.UTF-8", "USER 5050:0", "WORKDIR /pgadmin4"],
    builtLacks: "its help pages are those on its site",
  },
  grafana: { version: "12.3.0", upstream: "grafana/grafana:12.3.0", config: [] },
};

/** Hooks that make a user before the package that would make it with another number. */
function systemUser(name: string, uid: number, gid: number, home: string): string[] {
  return [
    `echo "${name}:x:${gid}:" >>"$1/etc/group"`,
    `echo "${name}:x:${uid}:${gid}::${home}:/usr/sbin/nologin" >>"$1/etc/passwd"`,
  ];
}
