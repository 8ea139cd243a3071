/** One clock for all processes of the bench: the kernel's monotonic one. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
