/** The services, as their paths begin. */
export const serviceNames = ["user", "tenant", "instance"] as const;
export type ServiceName = (typeof serviceNames)[number];

export function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}
