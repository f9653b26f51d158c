/**
 * A key that keeps the tree of routes from being empty: Traefik's Redis provider does not notice that the last
 * key is gone and would go on with the last route (traefik#8092). An unused middleware that does nothing.
 */
export const routesRoot = { key: "traefik/http/middlewares/berth/headers/frameDeny", value: "false" };
