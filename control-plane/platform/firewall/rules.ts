/** What the firewall of one environment is made from. */
export interface FirewallPlan {
  env: string;
  bridge: string;
  /** The host's address on the bridge. */
  gateway: string;
  /** Where tenants reach PostgreSQL: on the gateway, or on another server. */
  postgres: { host: string; port: number };
  /** Traefik's public ports. */
  publicPorts: number[];
}

export type Family = "ip" | "ip6";

/** A chain of our own with all its rules, as `iptables-save` prints them. */
interface Chain {
  name: string;
  rules: string[];
}

/** A rule of ours in a chain that others use too. */
export interface Hook {
  chain: string;
  rule: string;
  /** Interfaces of the packets it is for: a rule before it that cannot match these does not matter. */
  input?: string;
  output?: string;
}

export interface Wanted {
  chains: Chain[];
  hooks: Hook[];
}

/** Addresses that are not the public internet (IANA's special-purpose registry). */
const notPublic = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

const known = "-m conntrack --ctstate RELATED,ESTABLISHED";

/** The rules an environment needs. Tenants have no IPv6 address; if one appears, nothing passes. */
export function wantedRules(plan: FirewallPlan, family: Family): Wanted {
  const input = `BERTH-${plan.env}-IN`;
  const forward = `BERTH-${plan.env}-FWD`;
  const { bridge } = plan;
  if (family === "ip6") {
    return {
      chains: [
        { name: input, rules: [`-A ${input} -j DROP`] },
        { name: forward, rules: [`-A ${forward} -j DROP`] },
      ],
      hooks: [
        { chain: "INPUT", rule: `-i ${bridge} -j ${input}`, input: bridge },
        { chain: "FORWARD", rule: `-i ${bridge} -j ${forward}`, input: bridge },
        { chain: "FORWARD", rule: `-o ${bridge} -j ${forward}`, output: bridge },
      ],
    };
  }
  const local = plan.postgres.host === plan.gateway;
  const database = `-d ${plan.postgres.host}/32 -p tcp -m tcp --dport ${plan.postgres.port}`;
  return {
    chains: [
      {
        name: input,
        rules: [
          `-A ${input} ${known} -j ACCEPT`,
          ...(local ? [`-A ${input} ${database} -j ACCEPT`] : []),
          ...plan.publicPorts.map((port) => `-A ${input} -p tcp -m tcp --dport ${port} -j ACCEPT`),
          `-A ${input} -j DROP`,
        ],
      },
      {
        name: forward,
        rules: [
          `-A ${forward} ${known} -j RETURN`,
          // Nobody opens a connection to a tenant but this host, whose packets are not forwarded ones.
          `-A ${forward} -o ${bridge} -j DROP`,
          ...(local ? [] : [`-A ${forward} ${database} -j RETURN`]),
          ...notPublic.map((range) => `-A ${forward} -d ${range} -j DROP`),
          `-A ${forward} -j RETURN`,
        ],
      },
    ],
    hooks: [
      { chain: "INPUT", rule: `-i ${bridge} -j ${input}`, input: bridge },
      // Docker puts this rule first when it starts; what stands in DOCKER-USER outlives its restarts.
      { chain: "FORWARD", rule: "-j DOCKER-USER", input: bridge, output: bridge },
      { chain: "DOCKER-USER", rule: `-i ${bridge} -j ${forward}`, input: bridge },
      { chain: "DOCKER-USER", rule: `-o ${bridge} -j ${forward}`, output: bridge },
    ],
  };
}
