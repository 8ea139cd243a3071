#!/usr/bin/env node
import { readSecret } from './read-secret.ts';
import { runLannerctl } from './run.ts';

// `lannerctl alerts | head`: the reader has what it wants, that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());

process.exitCode = await runLannerctl(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  env: process.env,
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.columns,
  signal: stopping.signal,
  readSecret,
});
