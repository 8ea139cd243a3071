import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds the console into `dist` when its sources are not those that `dist` was built from; so
 * `npm start`, `npm run collector` and `npm run console` can all ask for it. `--watch` serves it
 * instead and builds as files change. An installation without development packages keeps the
 * `dist` it has.
 */
const FOLDER = import.meta.dirname;
const BUILT_FROM = join(FOLDER, 'dist', 'built-from.txt');
const SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', '../package-lock.json'];

function filesOf(path: string): readonly string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOTDIR') return [path];
    throw error;
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesOf(join(FOLDER, source)))) {
    if (/\.test\.tsx?$/.test(file)) continue;
    hash.update(`${file.slice(FOLDER.length)}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function builtFrom(): string {
  try {
    return readFileSync(BUILT_FROM, 'utf8').trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return '';
    throw error;
  }
}

async function loadVite(): Promise<typeof import('vite') | undefined> {
  try {
    return await import('vite');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function main(): Promise<void> {
  const isWatched = process.argv.includes('--watch');
  const hash = hashOfSources();
  if (!isWatched && !process.argv.includes('--force') && builtFrom() === hash) return;
  const vite = await loadVite();
  if (vite === undefined) {
    process.stderr.write('the console is not built: that needs the development packages\n');
    return;
  }
  const configFile = join(FOLDER, 'vite.config.ts');
  if (isWatched) {
    const server = await vite.createServer({ configFile });
    await server.listen();
    server.printUrls();
    return;
  }
  await vite.build({ configFile, logLevel: 'warn' });
  writeFileSync(BUILT_FROM, `${hash}\n`);
}

await main();
