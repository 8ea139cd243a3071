import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/**
 * Cuts a span out of a recording directory, to make the one that is shipped here:
 * `node demo/recording/cut.ts DIRECTORY FROM_SECONDS TO_SECONDS`, seconds counted from the start of
 * the training span. Events without a container id (the runtime between containers, a quarter of
 * all) are left out for size; everything else stays as Falco wrote it, in order of arrival.
 */
const [source, fromText, toText] = process.argv.slice(2);
if (source === undefined || fromText === undefined || toText === undefined) {
  process.stderr.write('usage: node demo/recording/cut.ts DIRECTORY FROM_SECONDS TO_SECONDS\n');
  process.exit(2);
}

type Meta = { train_start_ns: string; test_start_ns: string; end_ns: string; falco: string };
const meta = JSON.parse(readFileSync(join(source, 'meta.json'), 'utf8')) as Meta;
const startMs = Number(BigInt(meta.train_start_ns) / 1_000_000n);
const fromMs = startMs + Number(fromText) * 1000;
const toMs = startMs + Number(toText) * 1000;

const kept: string[] = [];
for (const name of readdirSync(source).sort()) {
  if (!/^events-.*\.jsonl\.gz$/.test(name)) continue;
  for (const line of gunzipSync(readFileSync(join(source, name))).toString('utf8').split('\n')) {
    if (line === '' || line.includes('"container.id":""')) continue;
    const { time } = JSON.parse(line) as { time: string };
    const ms = Date.parse(time);
    if (ms >= fromMs && ms < toMs) kept.push(line);
  }
}

const labels = readFileSync(join(source, 'labels.jsonl'), 'utf8').split('\n').filter((line) => {
  if (line === '') return false;
  const label = JSON.parse(line) as { start_ns: string; end_ns: string };
  const begins = Number(BigInt(label.start_ns) / 1_000_000n);
  const ends = Number(BigInt(label.end_ns) / 1_000_000n);
  return begins >= fromMs && ends < toMs;
});

const here = import.meta.dirname;
writeFileSync(join(here, 'events-00.jsonl.gz'), gzipSync(`${kept.join('\n')}\n`, { level: 9 }));
writeFileSync(join(here, 'labels.jsonl'), `${labels.join('\n')}\n`);
const cut = {
  train_start_ns: String(BigInt(Math.round(fromMs)) * 1_000_000n),
  test_start_ns: meta.test_start_ns,
  end_ns: String(BigInt(Math.round(toMs)) * 1_000_000n),
  falco: meta.falco,
  events: kept.length,
};
writeFileSync(join(here, 'meta.json'), `${JSON.stringify(cut, null, 1)}\n`);
process.stdout.write(`${kept.length} events, ${labels.length} labels\n`);
