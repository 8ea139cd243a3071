import fc from 'fast-check';

import type { Alert } from '../../baseline/alert.ts';
import { aBehaviour, anAlert } from './alerts.ts';

/** Texts that somebody would write who wants to break out of a format, and any others. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(
      '|', '\\', '=', ']', '"', '\n', '\r', '\0', '\u001b', ' ', '<34>1 ', 'CEF:0|', '\u2028',
      '\u202e', '\ud800', '\u{1f600}', 'é', 'a', 'cs1=', '9', ',', '\u0085', '\ufeff',
    ),
    maxLength: 40,
  }),
);

export const hostileAlert: fc.Arbitrary<Alert> = fc.record({
  text: hostileText,
  command: hostileText,
  pod: hostileText,
  node: hostileText,
  exe: hostileText,
  address: fc.oneof(fc.constantFrom('203.0.113.9', '2001:db8::1', 'not-an-ip', ''), hostileText),
  port: fc.oneof(fc.constantFrom('443', '-1', '70000', ''), hostileText),
  time: fc.constantFrom('2026-03-01T10:00:00.123456789Z', 'yesterday', '', '1969-12-31T00:00:00Z'),
  channel: fc.constantFrom('exec', 'net', 'file-write', 'priv', 'rule'),
  revision: fc.integer({ min: 1, max: 1_000_000 }),
}).map(({ text, command, pod, node, exe, address, port, time, channel, revision }) => {
  const process = { ...anAlert().process, exe, commandLine: command, ancestry: [text, exe] };
  return anAlert({
    revision,
    node,
    pod,
    podUid: text,
    workload: exe,
    namespace: command,
    containerName: text,
    image: { repository: exe, tag: text, digest: command },
    process,
    behaviours: [aBehaviour({
      channel,
      value: text,
      process,
      reason: { en: text, zh: command },
      fields: { 'fd.rip': address, 'fd.rport': port, 'fd.name': exe },
    })],
    reason: { en: text, zh: command },
    firstTime: time,
    lastTime: time,
  });
});
