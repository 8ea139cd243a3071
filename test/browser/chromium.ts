import { existsSync } from 'node:fs';

/** Debian's own; `CHROMIUM` names another one. */
const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const INSTALL = 'apt-get install -y chromium fonts-noto-cjk';

export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env['CHROMIUM'];
  return (given === undefined || given === '' ? USUAL : [given]).find((path) => existsSync(path));
}
