import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import pg from 'pg';
import { inject } from 'vitest';

import type { DoorReply } from './global-setup.ts';

/** An empty database of the run's PostgreSQL, for one test or one file of tests. */
export type TestDatabase = {
  readonly url: string;
  /** One statement, as somebody with access to the database would run it. */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<R[]>;
  drop(): Promise<void>;
};

export async function testDatabase(): Promise<TestDatabase> {
  const server = await serverUrl();
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await once(server, `CREATE DATABASE ${name}`);
  const url = server.replace('/postgres?', `/${name}?`);
  const client = new pg.Client(url);
  await client.connect();
  return {
    url,
    query: async <R extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<R>(sql, [...values])).rows,
    drop: async () => {
      await client.end();
      await once(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function serverUrl(): Promise<string> {
  const reply = JSON.parse(await text(connect(inject('postgresDoor')))) as DoorReply;
  if ('problem' in reply) throw new Error(reply.problem);
  return reply.url;
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
