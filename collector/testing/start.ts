import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pino from 'pino';

import { loadConfig } from '../../config/load.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { startCollector } from '../collector.ts';
import type { RunningCollector } from '../collector.ts';
import { collectorSchema } from '../config.ts';
import type { CollectorConfig } from '../config.ts';

/** A whole collector on loopback, in a folder of its own that goes with it. */
export type TestCollector = RunningCollector & { readonly folder: string };

function configOf(yaml: string): CollectorConfig {
  const loaded = loadConfig({
    schema: collectorSchema,
    file: 'test.yaml',
    env: {},
    envPrefix: 'X_',
    readFile: () => yaml,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.value;
}

export async function startTestCollector(
  over: {
    readonly yaml?: string;
    readonly folder?: string;
    readonly clock?: Clock;
    readonly inMemory?: boolean;
  } = {},
): Promise<TestCollector> {
  const folder = over.folder ?? mkdtempSync(join(tmpdir(), 'lanner-collector-'));
  const removeFolder = (): void => {
    if (over.folder === undefined) rmSync(folder, { recursive: true });
  };
  const config = configOf(over.yaml ?? '{}');
  const running = await startCollector({
    config: {
      ...config,
      dataDir: folder,
      link: { ...config.link, address: '127.0.0.1:0' },
      api: { ...config.api, address: config.api.address.replace(/:\d+$/, ':0') },
    },
    version: '0.1.0-test',
    log: pino({ level: 'silent' }),
    env: {},
    clock: over.clock ?? systemClock,
    inMemory: over.inMemory ?? true,
  }).catch((error: unknown) => {
    removeFolder();
    throw error;
  });
  return {
    ...running,
    folder,
    stop: async () => {
      await running.stop();
      removeFolder();
    },
  };
}
