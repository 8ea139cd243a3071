import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf6, socketInode, socketsOf } from './sockets.ts';

const line = (local: string, remote: string, state: string, inode: string): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ` +
  `${inode} 1 00000000dbeaa30d 100 0 0 10 0`;

test('connections are read as the kernel writes them', () => {
  const table = ['  sl  local_address rem_address   st tx_queue',
    line('0100007F:1F90', '00000000:0000', '0A', '11'),
    line('0500010A:9C40', '097100CB:115C', '01', '12'),
    line('0500010A:9C41', '097100CB:115C', '06', '0')].join('\n');
  expect([...socketsOf('tcp', table)]).toEqual([
    ['11', {
      protocol: 'tcp',
      state: 'listen',
      localAddress: '127.0.0.1',
      localPort: 8_080,
      remoteAddress: '0.0.0.0',
      remotePort: 0,
    }],
    ['12', {
      protocol: 'tcp',
      state: 'established',
      localAddress: '10.1.0.5',
      localPort: 40_000,
      remoteAddress: '203.0.113.9',
      remotePort: 4_444,
    }],
  ]);
});

test.each([
  ['00000000000000000000000001000000', '::1'],
  ['00000000000000000000000000000000', '::'],
  ['0000000000000000FFFF00000100007F', '127.0.0.1'],
  ['B80D0120000000000000000001000000', '2001:db8::1'],
  ['000000FD000000000000000002000000', 'fd00::2'],
])('an IPv6 address %s is %s', (hexadecimal, text) => {
  const sockets = socketsOf('tcp6', line(`${hexadecimal}:0050`, `${hexadecimal}:0050`, '01', '9'));
  expect(sockets.get('9')?.localAddress).toBe(text);
});

test('an address keeps its words, wherever its zeros are', () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 })),
      { minLength: 8, maxLength: 8 }),
    (words) => {
      const bytes = Buffer.alloc(16);
      for (const [index, word] of words.entries()) bytes.writeUInt16BE(word, index * 2);
      const text = addressOf6(bytes);
      const expected = new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]`)
        .hostname.slice(1, -1);
      // The URL writes mapped version 4 in hexadecimal.
      if (!text.includes('.')) expect(text).toBe(expected);
    },
  ));
});

test('what is no line of a table is left out', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    expect([...socketsOf('udp', text).keys()]).toEqual([]);
  }));
  expect(socketInode('socket:[123]')).toBe('123');
  for (const link of ['socket:[123]x', '/socket:[1]', 'pipe:[1]', '']) {
    expect(socketInode(link)).toBeNull();
  }
});
