/** A strict reader of CEF, written from its document and not from our writer. */
export type Cef = {
  readonly head: readonly string[];
  readonly extensions: ReadonlyMap<string, string>;
};

export function readCef(text: string): Cef {
  if (/[\r\n]/.test(text)) throw new Error('a message is one line');
  const head: string[] = [];
  let field = '';
  let at = 0;
  for (; at < text.length && head.length < 7; at += 1) {
    const character = text[at];
    if (character === '\\') {
      at += 1;
      const next = text[at];
      if (next !== '\\' && next !== '|') throw new Error(`\\${next ?? ''} in the head`);
      field += next;
    } else if (character === '|') {
      head.push(field);
      field = '';
    } else field += character;
  }
  if (head.length < 7) throw new Error('the head is short');
  return { head, extensions: readExtensions(text.slice(at)) };
}

function readExtensions(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // A key is where an equals sign is that no backslash escapes; its name goes back to a space.
  const equals: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '=') equals.push(at);
  }
  equals.forEach((position, index) => {
    const key = /(?:^| )([A-Za-z0-9_]+)$/.exec(text.slice(0, position))?.[1];
    if (key === undefined) throw new Error(`no key before ${position}`);
    const next = equals[index + 1];
    const end = next === undefined
      ? text.length
      : text.slice(0, next).replace(/ [A-Za-z0-9_]+$/, '').length;
    if (found.has(key)) throw new Error(`${key} is there twice`);
    found.set(key, unescape(text.slice(position + 1, end)));
  });
  return found;
}

function unescape(text: string): string {
  return text.replace(/\\(.?)/gs, (_, next: string) => {
    if (next === 'n') return '\n';
    if (next === 'r') return '\r';
    if (next === '\\' || next === '=') return next;
    throw new Error(`\\${next} in a value`);
  });
}
