import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";

const alerts = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    startsAt: z.iso.datetime({ offset: true }),
    /** In the past: it has ended. */
    endsAt: z.iso.datetime({ offset: true }),
  }),
);
export type ToldAlert = z.infer<typeof alerts>[number];

/** Takes alerts as an Alertmanager does, and keeps what it was told. */
export async function listenForAlerts(address: string): Promise<{ told: ToldAlert[]; close(): void }> {
  const told: ToldAlert[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== "POST" || request.url !== "/api/v2/alerts") return response.writeHead(404).end();
    const { data } = alerts.safeParse(await json(request));
    if (data) told.push(...data);
    response.writeHead(data ? 200 : 400).end();
  });
  const { hostname, port } = new URL(`http://${address}`);
  await new Promise<void>((resolve) => server.listen(Number(port), hostname, resolve));
  return {
    told,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
