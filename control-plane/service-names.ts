/** The services, as their paths begin; each asks only those before it. */
export const serviceNames = ["user", "instance", "tenant"] as const;
export type ServiceName = (typeof serviceNames)[number];

export function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}
