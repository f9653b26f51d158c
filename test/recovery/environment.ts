// An environment as the end-to-end tests have it, but of this folder's own: it is lost and restored.
export { default } from "../e2e/environment.ts";
