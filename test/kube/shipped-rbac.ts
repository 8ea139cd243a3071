import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { KubeObject } from './admin.ts';

/** The service account of deploy/rbac/collector.yaml. */
export const COLLECTOR = { namespace: 'lanner', name: 'lanner-collector' } as const;
export const RBAC_FILES = [
  'collector.yaml',
  'collector-logs.yaml',
  'collector-scale.yaml',
  'collector-cordon.yaml',
  'collector-objects.yaml',
] as const;
const FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'rbac');

/** The objects of a shipped file, unmodified. */
export const shipped = (file: string): readonly KubeObject[] =>
  parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'))
    .map((document) => document.toJS() as KubeObject);
