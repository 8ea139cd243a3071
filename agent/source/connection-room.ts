/**
 * Who may stay when there is no room for another connection. Whoever reaches the port can hold all
 * of them and say nothing, and Falco would find no place, lose its events and not even tell us. So
 * the newcomer gets the place of one that never brought an event, oldest first, or else of the one
 * whose last event is longest ago.
 */
import type { Socket } from 'node:net';

type Guest = { readonly socket: Socket; turn: number; hasBrought: boolean };

export class ConnectionRoom {
  readonly #max: number;
  readonly #guests = new Map<string, Guest>();
  #turn = 0;
  #latest: Socket | undefined;
  #latestGuest: Guest | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** The socket as TCP sees it, below TLS. True when another had to go for it. */
  enter(socket: Socket): boolean {
    const place = placeOf(socket);
    const isFull = this.#guests.size >= this.#max;
    if (isFull) this.#leastUseful()?.socket.destroy();
    const guest = { socket, turn: (this.#turn += 1), hasBrought: false };
    this.#guests.set(place, guest);
    socket.once('close', () => {
      if (this.#guests.get(place) === guest) this.#guests.delete(place);
    });
    return isFull;
  }

  /** An event came on it; a TLS socket has the addresses of the one below it. */
  brought(socket: Socket): void {
    // Falco has one connection: its place is looked up once.
    if (socket !== this.#latest) {
      this.#latest = socket;
      this.#latestGuest = this.#guests.get(placeOf(socket));
    }
    const guest = this.#latestGuest;
    if (guest === undefined) return;
    guest.hasBrought = true;
    guest.turn = this.#turn += 1;
  }

  #leastUseful(): Guest | undefined {
    let least: Guest | undefined;
    for (const guest of this.#guests.values()) {
      if (guest.socket.destroyed) continue;
      if (least === undefined || isLess(guest, least)) least = guest;
    }
    return least;
  }
}

const isLess = (one: Guest, other: Guest): boolean =>
  one.hasBrought === other.hasBrought ? one.turn < other.turn : other.hasBrought;

const placeOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
