import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';

import { rolldown } from 'rolldown';

/**
 * `node deploy/image/bundle.ts FOLDER`: what goes to `/app` in each image, in FOLDER/agent and
 * FOLDER/collector. Each program is one file, so that a node starts it without reading a thousand;
 * it lies two folders deep because the collector looks for the console's pages from there, as it
 * does in the repository. Licences are those of the packages that the bundle really holds.
 */
const ROOT = join(import.meta.dirname, '..', '..');

type Program = { readonly image: string; readonly name: string; readonly entry: string };

const programs: readonly Program[] = [
  { image: 'agent', name: 'agent', entry: 'agent/main.ts' },
  { image: 'collector', name: 'collector', entry: 'collector/main.ts' },
  // In the collector's pod, for whoever has nothing but kubectl.
  { image: 'collector', name: 'lannerctl', entry: 'collector/cli/lannerctl.ts' },
];

/** A package that reads a file of its own (WebAssembly) gets it as part of the program. */
const FILE_READ = /readFileSync\(new URL\((['"])([^'"]+)\1, import\.meta\.url\)\)/g;
const filesInside = {
  name: 'files inside',
  transform: (code: string, id: string): string | null => {
    if (!code.includes('import.meta.url') || !id.includes('node_modules')) return null;
    const inlined = code.replace(FILE_READ, (_, __, path: string) =>
      `Buffer.from('${readFileSync(join(dirname(id), path)).toString('base64')}', 'base64')`);
    return inlined === code ? null : inlined;
  },
};

/** Folders of the packages in it. */
async function bundle({ image, name, entry }: Program, out: string): Promise<readonly string[]> {
  const build = await rolldown({
    input: join(ROOT, entry),
    platform: 'node',
    plugins: [filesInside],
    // Optional speed-ups that are not installed are asked for in a try.
    external: ['pg-native', 'bufferutil', 'utf-8-validate', 'encoding'],
    onLog: (level, log) => {
      if (level === 'warn') process.stderr.write(`${name}: ${log.message}\n`);
    },
  });
  const { output } = await build.write({
    file: join(out, image, 'programs', name, 'main.mjs'),
    format: 'esm',
    codeSplitting: false,
    comments: { legal: true },
  });
  await build.close();
  return output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
    .map(packageFolder)
    .filter((folder) => folder !== undefined);
}

function packageFolder(moduleId: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(moduleId)?.[1];
}

function licences(folders: readonly string[]): string {
  return [...new Set(folders)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as { name: string; version: string; license?: string };
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return `== ${name} ${version}: ${license ?? 'see below'}\n\n${texts.join('\n\n')}\n`;
  }).join('\n');
}

function softwareBill(): string {
  return execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function main(): Promise<void> {
  const [given] = process.argv.slice(2);
  if (given === undefined) throw new Error('usage: node deploy/image/bundle.ts FOLDER');
  const out = resolve(given);
  rmSync(out, { recursive: true, force: true });
  const bill = softwareBill();
  const inImage = new Map<string, string[]>();
  for (const program of programs) {
    const folders = await bundle(program, out);
    inImage.set(program.image, [...inImage.get(program.image) ?? [], ...folders]);
  }
  for (const [image, folders] of inImage) {
    mkdirSync(join(out, image), { recursive: true });
    writeFileSync(join(out, image, 'sbom.cdx.json'), bill);
    writeFileSync(join(out, image, 'LICENSES.txt'), licences(folders));
    cpSync(join(ROOT, 'LICENSE'), join(out, image, 'LICENSE'));
  }
  const pages = join(ROOT, 'console', 'dist');
  cpSync(pages, join(out, 'collector', basename(dirname(pages)), 'dist'), { recursive: true });
}

await main();
