import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateModules } from './generate.ts';

test('the committed modules are what the .proto files generate', () => {
  const gen = join(import.meta.dirname, 'gen');
  const generated = generateModules();
  expect(readdirSync(gen).sort()).toEqual([...generated.keys()].sort());
  for (const [name, text] of generated) {
    expect(readFileSync(join(gen, name), 'utf8') === text, `${name} is stale: npm run proto`).toBe(
      true,
    );
  }
});
