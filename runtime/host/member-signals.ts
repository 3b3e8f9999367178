/**
 * What asks a process to go: SIGTERM and the first Ctrl-C ask for a snapshot and an orderly end, a second Ctrl-C does not wait for
 * it. A member of a cluster goes too when whoever started it is no more: nobody would ever stop it.
 */
export interface MemberSignals {
  /** Resolves when the process was asked to go. */
  readonly asked: Promise<void>;
  stop(): void;
}

export function onSignals(leave: () => void): MemberSignals {
  const asked = Promise.withResolvers<void>();
  let count = 0;
  const ask = (): void => {
    asked.resolve();
    leave();
  };
  const interrupt = (): void => {
    if (count++ > 0) process.exit(130);
    ask();
  };
  const terminate = (): void => {
    if (count++ === 0) ask();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  if (process.env.WEIR_MEMBER !== undefined) process.on("disconnect", terminate);
  return {
    asked: asked.promise,
    stop() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
      process.off("disconnect", terminate);
    },
  };
}
