import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver in a process of its own: prints its port, then each uuid that it acknowledged. */
const DELAY_MS = Number(process.argv[2] ?? 0);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { items } = JSON.parse(Buffer.concat(chunks).toString()) as { items: { uuid: string }[] };
    for (const { uuid } of items) process.stdout.write(`${uuid}\n`);
    setTimeout(() => response.end(), DELAY_MS);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
