import type { Clock } from '../clock.ts';
import { syslogMessage } from './formats/syslog.ts';
import { encodingOf, valueOf } from './encodings.ts';
import { urlProblems } from './output-checks.ts';
import type { OutputConfig } from './output-config.ts';
import { SecretMissing, SecretSource } from './secret-source.ts';
import type { Sender } from './sender.ts';
import { HttpTarget } from './senders/http-target.ts';
import { httpSender } from './senders/http-sender.ts';
import { kafkaSender } from './senders/kafka-sender.ts';
import { syslogSender } from './senders/syslog-sender.ts';

/** Settings → the way out. Opens nothing: the first `send` does. */
export type SenderOptions = {
  readonly output: OutputConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Security and authorisation messages (private), RFC 5424. */
const FACILITY = 10;
const UDP_BYTES_MAX = 2_048;
const STREAM_BYTES_MAX = 8_192;
/** For documentation and examples (RFC 5612); a site sets its own. */
const ENTERPRISE_ID = '32473';
const RESEND_SECONDS = 60;

export function createSender(options: SenderOptions): Sender {
  const { output, clock, env } = options;
  const secrets = new SecretSource({ env, clock });
  if (output.kind === 'syslog') return createSyslog(options);
  if (output.kind === 'kafka') {
    return kafkaSender({ output, secrets, value: (notice) => valueOf(notice, options) });
  }
  const { resendSeconds = RESEND_SECONDS } = output;
  return httpSender({
    target: createTarget(options, secrets),
    encoding: encodingOf(output.kind, { ...options, secrets }),
    secrets,
    ...(output.kind === 'alertmanager' ? { refreshMs: resendSeconds * 1_000 } : {}),
  });
}

function createSyslog({ output, version, clock }: SenderOptions): Sender {
  const { address = '', transport = 'udp', framing = 'octet-counting', body = 'cef' } = output;
  const bytesMax = output.bytesMax ?? (transport === 'udp' ? UDP_BYTES_MAX : STREAM_BYTES_MAX);
  const { facility = FACILITY, enterpriseId = ENTERPRISE_ID } = output;
  return syslogSender({
    address,
    transport,
    framing,
    tls: output.tls,
    timeoutMs: output.timeoutSeconds * 1_000,
    clock,
    message: (notice) =>
      syslogMessage(notice, { facility, body, enterpriseId, version, bytesMax }),
  });
}

function createTarget({ output, clock }: SenderOptions, secrets: SecretSource): HttpTarget {
  const { token, basic, headers, insecure } = output;
  const url = (): string => {
    const text = output.urlFrom === undefined ? output.url ?? '' : secrets.text(output.urlFrom);
    const [problem] = urlProblems(text, insecure, 'url');
    if (problem !== undefined) throw new SecretMissing(`the url ${problem.problem}`);
    return withPath(output.kind, text);
  };
  return new HttpTarget({
    url,
    headers: () => ({
      ...Object.fromEntries(headers.map(({ name, value, from }) =>
        [name.toLowerCase(), from === undefined ? value ?? '' : secrets.text(from)])),
      ...(token === undefined ? {} : { authorization: `Bearer ${secrets.text(token)}` }),
      ...(basic === undefined ? {} : {
        authorization: `Basic ${Buffer.from(
          `${basic.username}:${secrets.text(basic.password)}`).toString('base64')}`,
      }),
    }),
    tls: output.tls,
    timeoutMs: output.timeoutSeconds * 1_000,
    clock,
  });
}

/** An address without a path is the server; where it takes records is the protocol's. */
function withPath(kind: OutputConfig['kind'], text: string): string {
  const url = new URL(text);
  const path = kind === 'alertmanager' ? '/api/v2/alerts' : kind === 'otlp' ? '/v1/logs' : '';
  if (path !== '' && !url.pathname.endsWith(path)) {
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  }
  return url.href;
}
