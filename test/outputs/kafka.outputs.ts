import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../collector/clock.ts';
import { createSender } from '../../collector/outputs/create-sender.ts';
import type { Sender } from '../../collector/outputs/sender.ts';
import { anOutput } from '../../collector/outputs/testing/stream.ts';
import { anAlert } from '../../collector/testing/alerts.ts';
import { hostileAlert } from '../../collector/testing/hostile-alerts.ts';
import { alertNotice } from '../../collector/testing/notices.ts';
import { Program, freePort, isInstalled } from './program.ts';

/** A broker of Apache Kafka in KRaft mode, of one node. */
const libs = process.env['KAFKA_LIBS'] ??
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lanner', 'kafka-3.9.1');
const install = 'mvn -q -f test/outputs/kafka/pom.xml dependency:copy-dependencies ' +
  `-DoutputDirectory=${libs}`;
const has = isInstalled('java', 'apt-get install -y openjdk-17-jre-headless') && hasLibraries();

function hasLibraries(): boolean {
  if (existsSync(libs)) return true;
  process.stdout.write(`Apache Kafka is not installed: ${install}\n`);
  return false;
}

describe.skipIf(!has)('Apache Kafka', () => {
  let folder: string;
  let broker: Program;
  let sender: Sender;
  let address: string;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-kafka-'));
    const [port, controller] = [await freePort(), await freePort()];
    address = `127.0.0.1:${port}`;
    const file = join(folder, 'server.properties');
    writeFileSync(file, Object.entries({
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listeners': `PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://${address}`,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': join(folder, 'data'),
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'message.max.bytes': '200000',
      'group.initial.rebalance.delay.ms': '0',
    }).map(([key, value]) => `${key}=${value}\n`).join(''));
    const java = ['-Xmx384m', '-cp', `${libs}/*`];
    const formatted = spawnSync('java', [...java, 'kafka.tools.StorageTool', 'format',
      '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', file], { encoding: 'utf8' });
    if (formatted.status !== 0) throw new Error(formatted.stdout + formatted.stderr);
    broker = new Program('java', [...java, 'kafka.Kafka', file]);
    await broker.until(() => broker.out.includes('Kafka Server started'));
    sender = createSender({
      output: anOutput({ kind: 'kafka', brokers: [address], topic: 'lanner', timeoutSeconds: 20 }),
      version: '1',
      clock: systemClock,
      env: {},
    });
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address] });
    await admin.createTopics({ topics: ['lanner'], partitions: 1, replicas: 1 });
    await admin.close();
    // A moment later it has a leader.
    await broker.until(async () =>
      (await sender.send([alertNotice(anAlert({ id: 'first' }))], signal))[0] === undefined);
  });

  afterAll(async () => {
    await sender.close();
    await broker.end();
    rmSync(folder, { recursive: true });
  });

  async function read(count: number) {
    const consumer = new Consumer({
      groupId: `test-${count}`,
      clientId: 'test',
      bootstrapBrokers: [address],
      deserializers: stringDeserializers,
    });
    const stream = await consumer.consume({ topics: ['lanner'], mode: 'earliest', autocommit: false });
    const messages = [];
    for await (const message of stream) {
      messages.push(message);
      if (messages.length === count) break;
    }
    await consumer.close(true);
    return messages;
  }

  test('the broker has each record, in order, with its key and its uuid', async () => {
    const notices = fc.sample(hostileAlert, { numRuns: 100, seed: 8 })
      .map((alert, index) => alertNotice({ ...alert, id: `a${index}`, namespace: 'shop', workload: 'web' }));
    expect((await sender.send(notices, signal)).filter((one) => one !== undefined)).toEqual([]);
    const messages = (await read(101)).slice(1);
    expect(messages.map(({ key }) => key)).toEqual(Array(100).fill('shop/web'));
    expect(messages.map(({ headers }) => headers.get('uuid'))).toEqual(notices.map(({ uuid }) => uuid));
    expect(messages.map(({ value }) => (JSON.parse(value) as { uuid: string }).uuid))
      .toEqual(notices.map(({ uuid }) => uuid));
  });

  test('a record that the broker refuses is refused for good, and the way stays open', async () => {
    const large = alertNotice(anAlert({ id: 'large', reason: { en: 'x'.repeat(300_000), zh: '' } }));
    const [failure] = await sender.send([large], signal);
    expect(failure).toMatchObject({ kind: 'permanent', class: 'rejected' });
    expect(await sender.send([alertNotice(anAlert({ id: 'after' }))], signal)).toEqual([undefined]);
  });

  test('a topic that is not there is named, and nobody makes it', async () => {
    const other = createSender({
      output: anOutput({ kind: 'kafka', brokers: [address], topic: 'other', timeoutSeconds: 20 }),
      version: '1',
      clock: systemClock,
      env: {},
    });
    expect(await other.send([alertNotice()], signal)).toMatchObject([
      { kind: 'transient', detail: 'Unknown topic other.' }]);
    await other.close();
  });

  test('a broker that is away is waited for', async () => {
    const nobody = createSender({
      output: anOutput({ kind: 'kafka', brokers: [`127.0.0.1:${await freePort()}`], topic: 't',
        timeoutSeconds: 2 }),
      version: '1',
      clock: systemClock,
      env: {},
    });
    expect((await nobody.send([alertNotice()], signal))[0]).toMatchObject({ kind: 'transient' });
    await nobody.close();
  });
});
