import assert from 'node:assert/strict';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { parseAddress } from '../config/address.ts';
import type { NetAddress } from '../config/address.ts';
import { CertificateWatch } from './source/certificate-watch.ts';
import type { Clock } from './source/clock.ts';
import type { Source, SourceSink } from './source/event.ts';
import { falcoConnector } from './source/falco-endpoint.ts';
import type { ReadFile, TlsFiles } from './source/falco-endpoint.ts';
import { FalcoGrpcSource } from './source/falco-grpc.ts';
import { FalcoHttpSource } from './source/falco-http.ts';
import { registerGrpcMetrics, registerHttpMetrics } from './source/metrics.ts';
import { ReplaySource } from './source/replay.ts';

/** Where events come from. */
export type SourceConfig =
  | {
      readonly kind: 'grpc';
      readonly address: string;
      readonly tls?: TlsFiles;
      readonly serverName?: string;
    }
  | {
      readonly kind: 'http';
      /** `host:port` */
      readonly listen: string;
      readonly urlPath?: string;
      readonly tls?: TlsFiles;
    }
  | { readonly kind: 'replay'; readonly path: string; readonly speed: number };

export type SourcePorts = {
  readonly sink: SourceSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly readFile: ReadFile;
  readonly registry: Registry;
};

/** A replay's events are as old as the recording: their lag says nothing. */
export const isLive = ({ kind }: SourceConfig): boolean => kind !== 'replay';

export type OpenedSource = {
  readonly source: Source;
  /** Where `http` listens, when `listen` left the choice to the system. */
  port(): number;
  /** Values of fields of which only the start was kept. */
  valuesCut(): number;
};

export function openSource(config: SourceConfig, ports: SourcePorts): OpenedSource {
  const { sink, clock, random, log, readFile, registry } = ports;
  switch (config.kind) {
    case 'grpc': {
      const connect = falcoConnector(config, { readFile, clock });
      const source = new FalcoGrpcSource({ connect, sink, clock, random, log });
      registerGrpcMetrics(registry, source);
      return { source, port: () => 0, valuesCut: () => source.valuesCut };
    }
    case 'http': {
      const { host, port } = hostPortOf(config.listen);
      const watch = config.tls === undefined
        ? undefined
        : new CertificateWatch({ files: config.tls, readFile, clock, log });
      const tls = watch === undefined ? {} : { tls: watch.current };
      const path = config.urlPath ?? '/';
      const source = new FalcoHttpSource({ host, port, path, sink, clock, log, ...tls });
      registerHttpMetrics(registry, source);
      return {
        source: watched(source, watch),
        port: () => source.port,
        valuesCut: () => source.valuesCut,
      };
    }
    case 'replay': {
      const { path, speed } = config;
      const source = new ReplaySource({ paths: [path], speed, sink, clock, log });
      return { source, port: () => 0, valuesCut: () => source.valuesCut };
    }
  }
}

const watched = (source: FalcoHttpSource, watch: CertificateWatch | undefined): Source => ({
  start: () => {
    source.start();
    watch?.start((tls) => source.renewCertificate(tls));
  },
  stop: () => {
    watch?.stop();
    return source.stop();
  },
});

/** Of a setting that `loadAgentConfig` has checked. */
export function hostPortOf(listen: string): NetAddress {
  const address = parseAddress(listen);
  assert(address !== undefined, `${listen} is no address`);
  return address;
}
