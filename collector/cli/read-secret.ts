import { Writable } from 'node:stream';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';

/** One line from standard input; at a terminal it is asked for and nothing of it is shown. */
export async function readSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  const isTerminal = stdin.isTTY === true;
  const silent = new Writable({ write: (_, __, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: isTerminal });
  try {
    if (isTerminal) {
      stderr.write(prompt);
      return await lines.question('');
    }
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (isTerminal) stderr.write('\n');
  }
}
