import process from 'node:process';

/** Within this time a second signal is the first one, come by another way. */
export const REPEAT_MS = 2_000;

/**
 * Resolves at SIGINT or SIGTERM. `timeout 60 npm start` sends one to npm, which passes it on, and
 * one to the whole group: if the second ended the process as it does by default, the first would
 * not get to tidy up. One that comes later is a person who does not want to wait: it ends at once.
 */
export function stopSignal(
  nowMs: () => number = () => performance.now(),
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const names = ['SIGINT', 'SIGTERM'] as const;
    const heard = (name: NodeJS.Signals): void => {
      firstMs ??= nowMs();
      resolve(name);
      if (nowMs() - firstMs < REPEAT_MS) return;
      for (const each of names) process.off(each, heard);
      process.kill(process.pid, name);
    };
    for (const name of names) process.on(name, heard);
  });
}
