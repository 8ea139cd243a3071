import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';

import { manifestVariants } from '../../deploy/manifests/manifests.ts';
import { Api } from './api.ts';
import { CHART } from './helm.ts';
import { inconsistencies } from './consistency.ts';
import { checkSettings, parseObjects, parsedSettings } from './rendering.ts';

/** The plain manifests, as `kubectl apply --server-side` sends them. */
const api = new Api(inject('kubeconfig'));
const NAMESPACE = 'lanner';
/** Those that the head of each file has the reader make. */
const SECRETS = ['lanner-tls', 'lanner-token', 'lanner-falco-tls', 'lanner-postgres'];

describe.each(manifestVariants)('$file', ({ file }) => {
  const text = readFileSync(join(CHART, '..', '..', 'manifests', file), 'utf8');
  const objects = parseObjects(text);

  afterAll(async () => {
    for (const object of objects.toReversed()) {
      // Nothing here would finish the end of a namespace.
      if (object.kind !== 'Namespace') await api.remove(object, NAMESPACE);
    }
  });

  test('is accepted by the API server, and a second time changes nothing', async () => {
    const apply = async (): Promise<readonly string[]> => {
      const versions: string[] = [];
      for (const object of objects) {
        const { status, body } = await api.apply(object, { namespace: NAMESPACE });
        const { message, metadata } = body as {
          readonly message?: string;
          readonly metadata: { readonly resourceVersion?: string };
        };
        if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${message}`);
        versions.push(`${object.kind} ${object.metadata.name} ${metadata.resourceVersion}`);
      }
      return versions;
    };
    expect(objects.length).toBeGreaterThan(10);
    const first = await apply();
    expect(await apply()).toEqual(first);
  });

  test('fits itself, and names no Secret that its head does not make', () => {
    expect(inconsistencies(objects, SECRETS)).toEqual([]);
    const head = text.slice(0, text.indexOf('\n---'));
    for (const [, name = ''] of text.matchAll(/secretName: (\S+)/g)) {
      expect(head).toContain(`secret generic ${name} `);
    }
  });

  test('its settings are accepted by the programs', () => {
    for (const program of ['agent', 'collector'] as const) {
      expect(Object.keys(parsedSettings(objects, program))).not.toEqual([]);
      expect(checkSettings(program, objects)).toBe('');
    }
  });

  test('holds no key', () => {
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(text).not.toContain('PRIVATE KEY');
  });
});
