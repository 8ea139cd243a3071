/**
 * The agent's program: settings, signals, exit status. 0 after a clean stop, 2 for wrong settings,
 * 1 for everything that stopped it otherwise.
 */
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { stringify } from 'yaml';
import { Baseline } from '../baseline/baseline.ts';
import { COMPLETION_DEFAULT } from '../baseline/profile/completion.ts';
import { formatConfigErrors, formatOptions } from '../config/load.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';
import { stopSignal } from '../config/stop-signal.ts';
import packageJson from '../package.json' with { type: 'json' };
import { startAgent } from './agent.ts';
import type { AgentOptions } from './agent.ts';
import { ENV_PREFIX, agentSchema, linkTlsOf, loadAgentConfig, sourceOf } from './config.ts';
import type { AgentConfig } from './config.ts';
import { nodeAddresses } from './node-addresses.ts';
import { hostPortOf, isLive } from './open-source.ts';

const CONFIG_VARIABLE = `${ENV_PREFIX}CONFIG`;
const MS_PER_HOUR = 3_600_000;

const HELP = `lanner-agent ${packageJson.version}
Reads a node's events from Falco, learns what each image does, and raises what falls outside.

Usage: lanner-agent [--config FILE] [--check] [--print-config] [--help] [--version]

  --config FILE   settings as YAML [${CONFIG_VARIABLE}]
  --check         check the settings and stop
  --print-config  print the settings in use, defaults filled in, and stop

Settings (a key of the file, and its environment variable, which wins):
`;

function optionsOf(config: AgentConfig, registry: Registry): AgentOptions {
  const { cluster, watchdog, link, profileCache } = config;
  const node = config.node || hostname();
  const { hostPool, ageHoursMin, falseAlarmsPerDay } = config.baseline;
  const source = sourceOf(config);
  const completion = { ...COMPLETION_DEFAULT, ageMsMin: ageHoursMin * MS_PER_HOUR };
  return {
    cluster,
    node,
    addresses: nodeAddresses(config.nodeIp, networkInterfaces()),
    version: packageJson.version,
    source,
    baseline: new Baseline({ cluster, node, hostPool, falseAlarmsPerDay, completion }),
    outbox: config.outbox,
    // A recording is the same whenever it is replayed: nothing of it is kept.
    profileCache: isLive(source) && profileCache.folder !== '' ? profileCache : null,
    link: {
      address: link.address,
      tls: linkTlsOf(config),
      tokenFile: link.tokenFile,
      heartbeatMs: link.heartbeatSeconds * 1_000,
      evidenceMs: link.evidenceSeconds * 1_000,
    },
    identity: { waitMs: config.identity.waitSeconds * 1_000, cri: config.identity.cri },
    watchdog: {
      silentMs: watchdog.silentSeconds * 1_000,
      lostMs: watchdog.lostSeconds * 1_000,
    },
    redactFlags: config.redact.flags,
    contain: config.contain.enabled ? config.contain : null,
    http: hostPortOf(config.http.listen),
    registry,
    log: pino({ level: config.log.level, base: { program: 'lanner-agent', node } }),
  };
}

async function run(config: AgentConfig): Promise<number> {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const options = optionsOf(config, registry);
  const { log } = options;
  // Before the start, so that a signal in the middle of it still ends cleanly.
  const signalled = stopSignal();
  const agent = await startAgent(options);
  log.info({ version: options.version, http: agent.httpPort }, 'agent started');
  const why = await Promise.race([signalled, agent.ended]);
  log.info({ why }, 'agent stops');
  const { isDrained } = await agent.stop();
  const isFailure = isLive(options.source) && why !== 'SIGTERM' && why !== 'SIGINT';
  log.info({ isDrained }, 'agent stopped');
  return isFailure ? 1 : 0;
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
    console.log(HELP + formatOptions(agentSchema, ENV_PREFIX));
    return 0;
  }
  if (values.version) {
    console.log(packageJson.version);
    return 0;
  }
  const file = values.config ?? process.env[CONFIG_VARIABLE];
  const loaded = loadAgentConfig({
    ...(file === undefined ? {} : { file }),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    envIgnored: [CONFIG_VARIABLE],
  });
  if (!loaded.ok) {
    console.error(formatConfigErrors(loaded.errors));
    return 2;
  }
  if (values['print-config']) {
    console.log(stringify(loaded.config).trimEnd());
    return 0;
  }
  return values.check ? 0 : await run(loaded.config);
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
