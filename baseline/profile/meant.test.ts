import { describe, expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import { connect, exec, write } from '../testing/observations.ts';
import { meansOf, meansSiblingOf } from './meant.ts';

function written(path: string): Behaviour {
  return behavioursOf(write(path, {}), () => null)[0] as Behaviour;
}

describe('a text with a pattern', () => {
  test.each([
    ['write /srv/report.<C6> by web', '/srv/report.aZ81xq', true],
    ['write /srv/report.<C6> by web', '/srv/report.short', false],
    ['write /srv/report.<C6> by web', '/srv/deep/report.aZ81xq', false],
    ['write /srv/report.<C6> by web', '/tmp/report.aZ81xq', false],
    ['write /srv/report.<C6> by nginx', '/srv/report.aZ81xq', false],
    ['write /srv/* by web', '/srv/anything', true],
    ['write /srv/* by web', '/srv/deep/thing', false],
    ['write /srv/<N>/x by web', '/srv/81/x', true],
    ['write /srv/81/x by web', '/srv/81/x', true],
    ['write * by web', '/srv', false],
    ['write /etc/* by web', '/etc/passwd', false],
    ['write /etc/passwd by web', '/etc/passwd', true],
  ])('%s means %s: %s', (value, path, isMeant) => {
    expect(meansOf(written(path))(value)).toBe(isMeant);
  });

  test('means no name that only looks like the pattern', () => {
    expect(meansOf(written('/srv/<N>'))('write /srv/<N> by web')).toBe(false);
    expect(meansOf(written('/srv/*'))('write /srv/* by web')).toBe(true);
  });

  test('means addresses of its range, to the same port', () => {
    const to = (port: number): Behaviour =>
      behavioursOf(connect('10.0.3.9', port), () => null)[0] as Behaviour;
    expect(meansOf(to(80))('connect 10.0.3.<N>:80/tcp by web')).toBe(true);
    expect(meansOf(to(81))('connect 10.0.3.<N>:80/tcp by web')).toBe(false);
    expect(meansOf(to(80))('connect 10.0.4.<N>:80/tcp by web')).toBe(false);
  });

  test('means no program: what starts is never general', () => {
    const [started] = behavioursOf(exec({ exe: '/usr/bin/curl' }), () => null);
    expect(meansOf(started as Behaviour)('exec /usr/bin/* as user ← web')).toBe(false);
  });
});

test('a text is about a sibling when all but the last name fits', () => {
  const isSibling = meansSiblingOf(written('/srv/out/b'));
  expect(isSibling('write /srv/out/a by web')).toBe(true);
  expect(isSibling('write /srv/*/a by web')).toBe(true);
  expect(isSibling('write /srv/out/deep/a by web')).toBe(false);
  expect(isSibling('write /srv/a by web')).toBe(false);
  expect(isSibling('write /srv/out/a by sh')).toBe(false);
  expect(isSibling('write  by web')).toBe(false);
});
