import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Milliseconds between two looks for connections that nobody uses any more. */
const lookEveryMs = 50;

/** Keeps count of a server's connections, so that it can be closed without breaking off what is under way. */
export function closer(server: Server) {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    /** Whether nobody is connected. */
    isEmpty: () => open.size === 0,

    /**
     * Takes no more connections, closes those on which nothing was asked and waits for the answers to the others. What is
     * under way after `graceMs` is cut. Gives how many were.
     */
    async close(graceMs: number): Promise<number> {
      let cut = 0;
      const late = setTimeout(() => {
        cut = open.size;
        server.closeAllConnections();
      }, graceMs);
      const look = setInterval(() => {
        server.closeIdleConnections();
        // Node takes one that has never asked for one that is about to.
        for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
      }, lookEveryMs);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearInterval(look);
      clearTimeout(late);
      return cut;
    },
  };
}
