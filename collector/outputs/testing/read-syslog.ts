/** A strict reader of RFC 5424, written from its ABNF and not from our writer. */
export type SyslogMessage = {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly data: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly message: string;
};

const TIME = /^\d{4}-(0[1-9]|1[0-2])-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/;

export function readSyslog(bytes: Buffer): SyslogMessage {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const head = /^<(0|[1-9]\d{0,2})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /
    .exec(text);
  if (head === null) throw new Error(`no head: ${text.slice(0, 80)}`);
  const [whole, priority, timestamp = '', hostname = '', appName = '', procId = '', msgId = ''] = head;
  if (Number(priority) > 191) throw new Error('PRI is above 191');
  if (timestamp !== '-' && !TIME.test(timestamp)) throw new Error(`TIMESTAMP ${timestamp}`);
  const { data, end } = readData(text, whole.length);
  const rest = text.slice(end);
  if (rest !== '' && !rest.startsWith(' ')) throw new Error('no space before MSG');
  return {
    facility: Math.floor(Number(priority) / 8),
    severity: Number(priority) % 8,
    timestamp,
    hostname,
    appName,
    procId,
    msgId,
    data,
    message: rest.slice(1),
  };
}

function readData(text: string, start: number) {
  const data = new Map<string, ReadonlyMap<string, string>>();
  if (text[start] === '-') return { data, end: start + 1 };
  let at = start;
  while (text[at] === '[') {
    const id = /^\[([!#-<>-\\^-~]{1,32})/.exec(text.slice(at));
    if (id?.[1] === undefined) throw new Error('no SD-ID');
    at += id[0].length;
    const parameters = new Map<string, string>();
    for (;;) {
      const parameter = /^ ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/s.exec(text.slice(at));
      if (parameter === null) break;
      const [all, name = '', value = ''] = parameter;
      parameters.set(name, value.replace(/\\(["\\\]])/g, '$1'));
      at += all.length;
    }
    if (text[at] !== ']') throw new Error(`structured data ends at ${text.slice(at, at + 20)}`);
    at += 1;
    data.set(id[1], parameters);
  }
  return { data, end: at };
}

/** RFC 6587, 3.4.1: what is whole, and what is left. */
export function readFrames(bytes: Buffer): { frames: readonly Buffer[]; rest: Buffer } {
  const frames: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const space = rest.indexOf(0x20);
    if (space < 0) return { frames, rest };
    const text = rest.subarray(0, space).toString();
    if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`MSG-LEN ${text.slice(0, 20)}`);
    const end = space + 1 + Number(text);
    if (rest.length < end) return { frames, rest };
    frames.push(rest.subarray(space + 1, end));
    rest = rest.subarray(end);
  }
}
