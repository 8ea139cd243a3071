import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { rolldown } from 'rolldown';

/**
 * The bench's processes as the image runs its programs: one bundled file each. Reading a hundred
 * TypeScript files costs a process some 40 MiB that no node ever pays.
 */
export type Programs = { readonly consumer: string; readonly falco: string };

let bundled: Promise<Programs> | null = null;

export function bundledPrograms(): Promise<Programs> {
  bundled ??= bundleAll();
  return bundled;
}

async function bundleAll(): Promise<Programs> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return {
    consumer: await bundle('consumer-program', folder),
    falco: await bundle('falco-program', folder),
  };
}

async function bundle(name: string, folder: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  const build = await rolldown({
    input: join(import.meta.dirname, `${name}.ts`),
    platform: 'node',
    // The recording is found from where the source stands.
    transform: { define: { 'import.meta.dirname': JSON.stringify(import.meta.dirname) } },
  });
  await build.write({ file, format: 'esm', codeSplitting: false });
  await build.close();
  return file;
}
