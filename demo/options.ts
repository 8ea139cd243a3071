import { parseArgs } from 'node:util';

/** What `npm start` was asked to do. */
export type DemoOptions = {
  /** No terminal: nothing but the result goes to stdout. */
  readonly headless: boolean;
  readonly json: boolean;
  /** Ends after this time; null waits for Ctrl-C. */
  readonly forMs: number | null;
  readonly speed: number;
  readonly recording: string;
  /** A real Falco's socket instead of the recording. */
  readonly falco: string | null;
  /** Null: the usual one, or any if that is taken. */
  readonly apiPort: number | null;
  /** Of the agent's `/metrics`; null: none. */
  readonly metricsPort: number | null;
  readonly language: 'en' | 'zh';
  readonly verbose: boolean;
};

export const SPEED_DEFAULT = 20;
/** Timers hold 31 bits of milliseconds: 24.8 days. */
const FOR_MS_MAX = 24 * 86_400_000;
/** Beyond it the agent is truly overloaded and sheds, as it would on a node. */
const SPEED_MAX = 200;
export const API_PORT_DEFAULT = 8470;

export const HELP = `Lanner: a collector and an agent in one process, shown on a recording of real attacks.

Usage: npm start -- [options]

  --headless         no terminal: no colours, no progress line
  --json             end with one JSON object on stdout
  --for DURATION     end after 90s, 5m, … (default: at Ctrl-C; headless: when the recording ends)
  --speed FACTOR     1 is real time (default ${SPEED_DEFAULT})
  --recording DIR    another recording directory (events-NN.jsonl.gz, meta.json)
  --falco SOCKET     a real Falco instead of the recording, e.g. unix:///run/falco/falco.sock
                     (Falco up to 0.43; later ones speak HTTP to \`npm run agent\`)
  --port PORT        port of the API on 127.0.0.1 (default ${API_PORT_DEFAULT}, any if that is taken)
  --metrics PORT     the agent's metrics at 127.0.0.1:PORT (the collector's are at the API)
  --lang LANGUAGE    language of the reasons: en or zh
  --verbose          the programs' logs on stderr
  --help             this text

Exit status: 0 when alerts were raised and everything shut down cleanly, 1 when not, 2 for wrong
options. With --falco a connection is needed for 0, not an alert: a quiet node is a good node.
`;

export type ParsedOptions =
  | { readonly ok: true; readonly options: DemoOptions }
  | { readonly ok: false; readonly error: string }
  | { readonly ok: 'help' };

export function parseOptions(args: readonly string[], recording: string): ParsedOptions {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return { ok: 'help' };
  const forMs = values.for === undefined ? null : durationMs(values.for);
  if (forMs !== null && !(forMs > 0 && forMs <= FOR_MS_MAX)) {
    return { ok: false, error: '--for expects a duration: 90s, 5m, 1h, at most 576h' };
  }
  const speed = Number(values.speed ?? SPEED_DEFAULT);
  if (!(speed > 0 && speed <= SPEED_MAX)) {
    return { ok: false, error: `--speed expects a number above 0, at most ${SPEED_MAX}` };
  }
  const apiPort = values.port === undefined ? null : Number(values.port);
  if (apiPort !== null && !isPort(apiPort)) {
    return { ok: false, error: '--port expects a port: 0 to 65535' };
  }
  const metricsPort = values.metrics === undefined ? null : Number(values.metrics);
  if (metricsPort !== null && !isPort(metricsPort)) {
    return { ok: false, error: '--metrics expects a port: 0 to 65535' };
  }
  const falco = values.falco ?? null;
  if (falco !== null && !/^unix:(\/\/)?\/[^\0]/.test(falco)) {
    return { ok: false, error: '--falco expects a socket: unix:///run/falco/falco.sock' };
  }
  const language = values.lang ?? 'en';
  if (language !== 'en' && language !== 'zh') {
    return { ok: false, error: '--lang expects en or zh' };
  }
  return {
    ok: true,
    options: {
      headless: values.headless ?? false,
      json: values.json ?? false,
      forMs,
      speed,
      recording: values.recording ?? recording,
      falco,
      apiPort,
      metricsPort,
      language,
      verbose: values.verbose ?? false,
    },
  };
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535;

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      headless: { type: 'boolean' },
      json: { type: 'boolean' },
      for: { type: 'string' },
      speed: { type: 'string' },
      recording: { type: 'string' },
      falco: { type: 'string' },
      port: { type: 'string' },
      metrics: { type: 'string' },
      lang: { type: 'string' },
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function durationMs(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(s|m|h)$/.exec(text);
  if (match === null) return Number.NaN;
  return Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}
