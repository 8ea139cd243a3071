import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactText } from './redact.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9';
const AWS = 'AKIAIOSFODNN7EXAMPLE';
const PEM =
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nhunter2\n-----END RSA PRIVATE KEY-----';

const secretive: readonly (readonly [string, string])[] = [
  ['--password=hunter2', '--password=***'],
  ['app --password hunter2 --verbose', 'app --password *** --verbose'],
  ["app --password 'hunter2 hunter2' x", "app --password '***' x"],
  ['app --db-password=hunter2', 'app --db-password=***'],
  ['app --client_secret hunter2', 'app --client_secret ***'],
  ['PGPASSWORD=hunter2 psql -U shop', 'PGPASSWORD=*** psql -U shop'],
  ['env MYSQL_PWD=hunter2 mysql', 'env MYSQL_PWD=*** mysql'],
  ['mysql -u root -phunter2 shop', 'mysql -u root -p*** shop'],
  ['mysqldump -pMySecret shop', 'mysqldump -p*** shop'],
  ['openssl dgst -sha256 -hmac hunter2 file', 'openssl dgst -sha256 -hmac *** file'],
  ['sh -c "cd /; /usr/bin/mysqldump -phunter2"', 'sh -c "cd /; /usr/bin/mysqldump -p***'],
  ['sshpass -p hunter2 ssh root@db', 'sshpass -p *** ssh root@db'],
  ['curl -u admin:hunter2 http://x/', 'curl -u admin:*** http://x/'],
  ['redis-cli -a hunter2 ping', 'redis-cli -a *** ping'],
  ['docker login -p hunter2 r.io', 'docker login -p *** r.io'],
  ['ldapsearch -w hunter2 -b dc=x', 'ldapsearch -w *** -b dc=x'],
  ['smbclient -U bob%hunter2 //s/c', 'smbclient -U bob%*** //s/c'],
  ['openssl rsa -passin pass:hunter2', 'openssl rsa -passin pass:***'],
  ['psql postgres://shop:hunter2@db:5432/shop', 'psql postgres://shop:***@db:5432/shop'],
  ['redis://:hunter2@cache', 'redis://:***@cache'],
  ['amqp://u:p@ss/hunter2@mq/', 'amqp://u:***@mq/'],
  ['https://u:hunter2', 'https://u:***'],
  ['curl -H "Authorization: Bearer hunter2" x', 'curl -H "Authorization: Bearer ***" x'],
  ['curl -H Authorization: Basic aHVudGVyMg== x', 'curl -H Authorization: Basic *** x'],
  ['curl -H "X-Api-Key: hunter2"', 'curl -H "X-Api-Key: ***"'],
  ['bearer hunter2hunter2', 'bearer ***'],
  ['{"user":"a","password":"hunter2"}', '{"user":"a","password":"***"}'],
  ['{"password" : "hunter2 hunter2"}', '{"password" : "***"}'],
  ['wget http://x/?token=hunter2&b=1', 'wget http://x/?token=***&b=1'],
  ['Server=db;Password=hunter2;Port=1', 'Server=db;Password=***;Port=1'],
  ['kubectl create x --from-literal=token=hunter2', 'kubectl create x --from-literal=token=***'],
  ['redis-server --requirepass hunter2', 'redis-server --requirepass ***'],
  [`echo ${AWS}`, 'echo AKIA***'],
  [`echo ${JWT}`, 'echo eyJ***'],
  ['git clone ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'git clone ghp_***'],
  [`echo ${PEM} done`, 'echo -----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY----- done'],
  ['-----BEGIN PRIVATE KEY-----hunter2', '-----BEGIN PRIVATE KEY-----***'],
];

test.each(secretive)('%s becomes %s', (text, redacted) => {
  expect(redactText(text)).toBe(redacted);
});

test.each([
  'nginx -g daemon off;',
  'ps aux',
  'find / -name *.pem -o -name passwd',
  'cat /etc/passwd /run/secrets/kubernetes.io/serviceaccount/token',
  'wrote /etc/passwd: never seen in 41,200 observations',
  'curl http://10.0.0.1:8080/healthz',
  'curl http://[::1]:8080/x?y=1',
  'mysql -u root -p',
  'app --password-file /run/x --token-file=/run/y',
  'cp -p a b; tar -pxf c',
  'ssh -p 2222 host',
  'PWD=/srv/api ls',
  'git checkout task-force-abcdefghijklmnopqrstuvwxyz',
  '-----BEGIN CERTIFICATE-----abc-----END CERTIFICATE-----',
])('%s holds no secret and stays', (text) => {
  expect(redactText(text)).toBe(text);
});

test('flags of the configuration are literal names', () => {
  const rules = { flags: new Set(['--vault-pin', '-Z']) };
  expect(redactText('vault --vault-pin 1234 -Z 5678 -Zx --vault-pin=9', rules))
    .toBe('vault --vault-pin *** -Z *** -Zx --vault-pin=***');
  expect(redactText('x (.*) y', { flags: new Set(['(.*)']) })).toBe('x (.*) ***');
});

const pieces = fc.constantFrom(
  ' ', '=', ':', '"', "'", '&', ';', ',', '@', '/', '://', '-p', '--', 'mysql', 'curl', '-u',
  'password', '--password', 'token', 'secret', 'Authorization', 'Bearer ', 'Basic ', 'eyJ', 'AKIA',
  'pass', 'pwd', 'x', 'hunter2', '***', '-----BEGIN ', 'PRIVATE KEY', '-----', '-----END ',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '\n', 'é', '\u{1f600}', '\ud800', '[', '8080', 'http://u:p@h',
);
const hostile = fc.oneof(
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

describe('whatever the text', () => {
  test('redacting again changes nothing', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 8, max: 200 }), (text, bytesMax) => {
        const once = redactText(text, undefined, bytesMax);
        expect(redactText(once, undefined, bytesMax)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the result is well-formed and never longer than the bound', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 200 }), (text, bytesMax) => {
        const redacted = redactText(text, undefined, bytesMax);
        expect(Buffer.byteLength(redacted)).toBeLessThanOrEqual(bytesMax);
        expect(redacted.isWellFormed()).toBe(true);
      }),
    );
  });

  test('looking at every word finds no more than looking where something hints at a secret', () => {
    const words = fc.constantFrom(
      'mysql', '/usr/bin/mysqldump', '"mysql', 'docker', 'curl', '7z', 'zip', 'sh', '-c', '-p',
      '-px', '-u', 'bob:x', '-P', '-w', '-k', '--pw', '--API_KEY', '--x-token', '--auth', '-pass', '-hmac',
      '--creds', '-a', '-U', 'x', ';', '|', '--verbose', '-Z',
    );
    const line = fc.array(words, { maxLength: 8 }).map((parts) => parts.join(' '));
    // A rule of one's own makes it look at each word.
    const all = { flags: new Set(['--flag-that-nobody-writes']) };
    fc.assert(
      fc.property(fc.oneof(line, hostile), (text) => {
        expect(redactText(text)).toBe(redactText(text, all));
      }),
      { numRuns: 3_000 },
    );
  });

  test('a secret behind each kind of announcement never survives', () => {
    const announcements = fc.constantFrom(
      '--password=', '--password ', 'PGPASSWORD=', '"token":"', 'Authorization: Bearer ',
      'postgres://u:', 'mysql -p', 'curl -u bob:', 'X-Api-Key: ', '?access_token=',
    );
    const secret = fc.stringMatching(/^[a-zA-Z0-9]{12,20}$/);
    fc.assert(
      fc.property(hostile, announcements, secret, (noise, announcement, value) => {
        const closed = noise.replaceAll('"', '').replaceAll("'", '');
        expect(redactText(`${closed} ${announcement}${value}`)).not.toContain(value);
      }),
      { numRuns: 2_000 },
    );
  });
});

/**
 * CPU time of this process, not the clock on the wall: linear code needs some ten milliseconds,
 * and quadratic code at this length needs many seconds.
 */
test.each([
  ['one character', 'a'],
  ['a name without its value', 'password'],
  ['a name with its sign', 'token='],
  ['an open quote', 'token="'],
  ['a scheme', 'a://'],
  ['a scheme and a user', 'a://b:'],
  ['a token form', 'eyJ'],
  ['a broken armour', '-----BEGIN '],
  ['an armour without end', '-----BEGIN PRIVATE KEY-----'],
  ['a flag', '--password '],
  ['a program', 'mysql -p '],
  ['dots and dashes', 'eyJ.-'],
  ['quotes', '"\''],
])('64 KiB of %s take linear time', (_what, piece) => {
  const text = piece.repeat(Math.ceil(65_536 / piece.length));
  const start = process.cpuUsage();
  redactText(text);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1_000).toBeLessThan(2_000);
});
