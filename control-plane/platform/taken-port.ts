import { createServer } from "node:net";
import { holderOf } from "./holder.ts";

/** Says who holds a port that we need, and what to do; undefined when it is free. */
export async function takenPort(
  variable: string,
  port: number,
  address: string,
): Promise<string | undefined> {
  if (await isFree(port, address)) return undefined;
  const holder = (await holderOf(port)) ?? "a program that could not be found";
  return `Port ${port} is taken by ${holder}: end it, or set ${variable} to a free port.`;
}

/** False when something listens there already. A port we may not open at all is its user's to complain about. */
function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
