import { expect, test } from 'vitest';
import type { SourceState } from '../agent/source/event.ts';
import { FalcoWatch } from './falco-watch.ts';

test('news of the connection is said once, escaped, and attempts in between are not', () => {
  const said: string[] = [];
  let state: SourceState = { state: 'connecting', detail: 'asking' };
  const watch = new FalcoWatch(() => state, (text) => said.push(text));
  const become = (next: SourceState): void => {
    state = next;
    watch.look();
  };
  watch.look();
  become({ state: 'disconnected', detail: 'no \u001b[2Jsocket' });
  become({ state: 'connecting', detail: 'asking' });
  become({ state: 'disconnected', detail: 'no \u001b[2Jsocket' });
  expect(watch.wasStreaming).toBe(false);
  become({ state: 'streaming', detail: 'Falco 0.40.0' });
  become({ state: 'ended', detail: 'stopped' });
  expect(said).toEqual(['No connection: no \\x1b[2Jsocket', 'Connected to Falco 0.40.0.']);
  expect(watch.wasStreaming).toBe(true);
});
