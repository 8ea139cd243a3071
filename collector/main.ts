/**
 * The collector's program: settings, signals, exit status. 0 after a clean stop, 2 for wrong
 * settings, 1 for everything that stopped it otherwise.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { pino } from 'pino';
import { stringify } from 'yaml';

import { formatConfigErrors, formatOptions } from '../config/load.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';
import { stopSignal } from '../config/stop-signal.ts';
import packageJson from '../package.json' with { type: 'json' };
import { startCollector } from './collector.ts';
import type { RunningCollector } from './collector.ts';
import {
  CONFIG_FILE_VARIABLE,
  CONFIG_PREFIX,
  collectorSchema,
  loadCollectorConfig,
} from './config.ts';
import type { CollectorConfig } from './config.ts';
import { loadPolicy } from './policy/load-policy.ts';
import { redactedUrl } from './store/redacted-url.ts';

const HELP = `lanner-collector ${packageJson.version}
Takes the alerts of all agents, groups them into incidents, shows them, and acts on pods.

Usage: lanner-collector [--config FILE] [--check] [--print-config] [--help] [--version]

  --config FILE   settings as YAML [${CONFIG_FILE_VARIABLE}]
  --check         check the settings and stop
  --print-config  print the settings in use, defaults filled in, and stop

Settings (a key of the file, and its environment variable, which wins):
`;

async function run(config: CollectorConfig): Promise<number> {
  const log = pino({ level: config.log.level, base: { program: 'lanner-collector' } });
  // Before the start, so that a signal in the middle of it still ends cleanly.
  const signalled = stopSignal();
  const stopping = new AbortController();
  void signalled.then(() => stopping.abort());
  const collector = await startCollector({
    config,
    version: packageJson.version,
    log,
    env: process.env,
    signal: stopping.signal,
  }).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
    log.info({ err: error }, 'collector stopped before it had started');
  });
  if (collector === undefined) return 0;
  collectProcessMetrics(collector.metrics.registry);
  showToken(collector);
  log.info({ why: await signalled }, 'collector stops');
  await collector.stop();
  log.info('collector stopped');
  return 0;
}

/**
 * Once, to a person at a terminal, and never into the log: what is not a terminal is collected,
 * kept and read by many.
 */
function showToken({ isTokenNew, token, tokenFile }: RunningCollector): void {
  if (!isTokenNew || !process.stderr.isTTY) return;
  process.stderr.write(`\nAdmin token, shown this once (kept in ${tokenFile}):\n  ${token}\n\n`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      check: { type: 'boolean' },
      'print-config': { type: 'boolean' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(HELP + formatOptions(collectorSchema, CONFIG_PREFIX));
    return 0;
  }
  if (values.version) {
    console.log(packageJson.version);
    return 0;
  }
  const file = values.config ?? process.env[CONFIG_FILE_VARIABLE];
  const loaded = loadCollectorConfig({
    ...(file === undefined ? {} : { file }),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (!loaded.ok) {
    console.error(formatConfigErrors(loaded.errors));
    return 2;
  }
  if (values['print-config']) {
    const shown = { ...loaded.value, store: redactedUrl(loaded.value.store) };
    console.log(stringify(shown).trimEnd());
    return 0;
  }
  return values.check ? checkPolicy(loaded.value.policy.file) : await run(loaded.value);
}

/** The collector does not start under a policy that is invalid, so `--check` reads it too. */
function checkPolicy(file: string): number {
  if (file === '') return 0;
  const load = loadPolicy(file, readFileSync(file, 'utf8'));
  if (!load.ok) console.error(formatConfigErrors(load.errors));
  return load.ok ? 0 : 2;
}

// It would write plain text to stderr; what it reports is in our own log or error.
setLogVerbosity(logVerbosity.NONE);
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = isUsage(error) ? 2 : 1;
}

function isUsage(error: unknown): boolean {
  return error instanceof Error && 'code' in error &&
    String(error.code).startsWith('ERR_PARSE_ARGS');
}
