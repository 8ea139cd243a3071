/** Server-sent events out of a stream of text: what `EventSource` does, with the status kept. */
export type StreamMessage = { readonly id: string; readonly event: string; readonly data: string };

/** An event longer than this is none of ours; the connection is given up. */
export const EVENT_CHARACTERS_MAX = 4_000_000;

export class EventLines {
  #rest = '';

  /** The events that are whole now. */
  push(chunk: string): readonly StreamMessage[] {
    this.#rest += chunk;
    if (this.#rest.length > EVENT_CHARACTERS_MAX) throw new Error('an event is too long');
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(read).filter((message) => message !== undefined);
  }
}

function read(block: string): StreamMessage | undefined {
  let id = '';
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const field = line.slice(0, colon);
    const value = line.slice(line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1);
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') };
}
