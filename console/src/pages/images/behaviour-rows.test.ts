import { expect, test } from 'vitest';

import type { ProfileBehaviour, ProfileDetail } from
  '../../../../collector/api/contract/profile.ts';
import { behavioursFor, rulingsOf, totalOf } from './behaviour-rows.ts';

const behaviour = (over: Partial<ProfileBehaviour>): ProfileBehaviour => ({
  channel: 'exec',
  value: 'exec /bin/sh ← nginx',
  pods: 2,
  isAtLeast: false,
  reporters: 1,
  firstTime: '',
  lastTime: '',
  ruling: null,
  ...over,
});

const shell = behaviour({});
const upstream = behaviour({ channel: 'net', value: 'connect 10.0.0.1:443/tcp by nginx' });
const detail: Pick<ProfileDetail, 'channels' | 'decisions'> = {
  channels: [
    { channel: 'exec', total: 9, learning: null, items: [shell] },
    { channel: 'net', total: 1, learning: null, items: [upstream] },
  ],
  decisions: [],
};

test('behaviours are found by channel and by each word, in any case', () => {
  expect(behavioursFor(detail, { channel: null, text: '' })).toEqual([shell, upstream]);
  expect(behavioursFor(detail, { channel: 'net', text: '' })).toEqual([upstream]);
  expect(behavioursFor(detail, { channel: null, text: 'NGINX  443' })).toEqual([upstream]);
  expect(behavioursFor(detail, { channel: null, text: 'nothing' })).toEqual([]);
});

test('the total counts what was not sent, too', () => {
  expect(totalOf(detail, null)).toBe(10);
  expect(totalOf(detail, 'exec')).toBe(9);
});

test('a ruling is known of what the profile holds and of what it does not hold', () => {
  const decided: Pick<ProfileDetail, 'channels' | 'decisions'> = {
    channels: [{ channel: 'exec', total: 1, learning: null,
      items: [behaviour({ ruling: 'reject' })] }],
    decisions: [{ id: 'd', kind: 'accept', scope: 'image', profileKey: 'k', repository: 'r',
      channel: 'net', value: 'connect elsewhere', by: 'ana', at: '', why: '' }],
  };
  const rulingOn = rulingsOf(decided);
  expect(rulingOn('exec', shell.value)).toBe('reject');
  expect(rulingOn('net', 'connect elsewhere')).toBe('accept');
  expect(rulingOn('exec', 'connect elsewhere')).toBeNull();
});
