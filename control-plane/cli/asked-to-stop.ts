/**
 * Resolves when this process should end: by a signal, or because its supervisor is gone (then the channel
 * to it closes, however it went). Gives the reason.
 */
export function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
    const gone = () => resolve("the supervisor is gone");
    // It may have gone while this process was still loading. Without `send` there never was one.
    if (process.send && !process.connected) gone();
    if (!process.channel) return;
    process.once("disconnect", gone);
    // Who listens on the channel lives as long as it does: a stopped child would wait for its supervisor's SIGKILL.
    process.channel.unref();
  });
}
