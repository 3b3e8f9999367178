/**
 * The fabric between workers of one thread: queues that all of them see. Messages are handed over by reference, so neither side
 * may change the records of a message once it was sent.
 *
 * Credit is counted in records: a sender is congested while more than `window` of those that it has sent to one receiver
 * have not been consumed.
 */
import type { Fabric, Message } from "./fabric.ts";

export interface ThreadFabricOptions {
  /** Records a worker may have outstanding at each receiver. Default 65,536. */
  readonly window?: number;
}

/** Entries from which an inbox is not worth keeping for the next messages. */
const longInbox = 3 * 4096;

export function createThreadFabrics(peers: number, options: ThreadFabricOptions = {}): Fabric[] {
  const { window = 65_536 } = options;
  const fabrics = Array.from({ length: peers }, (_, index) => new ThreadFabric(index, peers, window));
  for (const fabric of fabrics) fabric.connect(fabrics);
  return fabrics;
}

class ThreadFabric implements Fabric {
  readonly index: number;
  readonly peers: number;
  readonly #window: number;
  #all: readonly ThreadFabric[] = [];
  /** What has arrived, oldest first; three entries per message: message, sender, weight. The first `#arrived` are in use. */
  #inbox: (Message | number)[] = [];
  #spare: (Message | number)[] = [];
  #arrived = 0;
  /** Outstanding records per receiver, and how many receivers are over the window. */
  readonly #sent: number[];
  #over = 0;
  #outstanding = 0;
  /** Receivers that were sent something since the last flush, and whether each is among them. */
  readonly #touched: ThreadFabric[] = [];
  readonly #isTouched: Uint8Array;
  readonly #wakes: (() => void)[] = [];
  #closed = false;

  constructor(index: number, peers: number, window: number) {
    this.index = index;
    this.peers = peers;
    this.#window = window;
    this.#sent = Array<number>(peers).fill(0);
    this.#isTouched = new Uint8Array(peers);
  }

  connect(all: readonly ThreadFabric[]): void {
    this.#all = all;
  }

  send(target: number, message: Message): void {
    if (this.#closed) return;
    const weight = message.kind === "data" ? (message.weight ?? message.records.length) : 0;
    if (weight > 0) {
      const before = this.#sent[target]!;
      this.#sent[target] = before + weight;
      this.#outstanding += weight;
      if (before <= this.#window && before + weight > this.#window) this.#over++;
    }
    const receiver = this.#all[target]!;
    if (this.#isTouched[target] === 0) {
      this.#isTouched[target] = 1;
      this.#touched.push(receiver);
    }
    if (!receiver.#closed) receiver.#take(message, this.index, weight);
  }

  broadcast(message: Message): void {
    for (let target = 0; target < this.peers; target++) this.send(target, message);
  }

  receive(deliver: (message: Message, from: number, weight: number) => void): boolean {
    const count = this.#arrived;
    if (count === 0) return false;
    const inbox = this.#inbox;
    this.#inbox = this.#spare;
    this.#arrived = 0;
    for (let i = 0; i < count; i += 3) {
      const message = inbox[i] as Message;
      // Nothing that was taken stays alive. Making the array shorter would take V8 longer than all else here.
      inbox[i] = 0;
      deliver(message, inbox[i + 1] as number, inbox[i + 2] as number);
    }
    this.#spare = count > longInbox ? [] : inbox;
    return true;
  }

  consumed(from: number, weight: number): void {
    const sender = this.#all[from]!;
    const before = sender.#sent[this.index]!;
    sender.#sent[this.index] = before - weight;
    sender.#outstanding -= weight;
    if (before > sender.#window && before - weight <= sender.#window && --sender.#over === 0) sender.#wake();
  }

  flush(): void {
    const touched = this.#touched;
    for (let i = 0; i < touched.length; i++) {
      const receiver = touched[i]!;
      this.#isTouched[receiver.index] = 0;
      if (!receiver.#closed) receiver.#wake();
    }
    while (touched.length > 0) touched.pop();
  }

  congested(): boolean {
    return this.#over > 0;
  }

  outstanding(): number {
    return this.#outstanding;
  }

  onArrival(wake: () => void): void {
    this.#wakes.push(wake);
  }

  onFailure(): void {
    // Nothing can fail between workers of one thread.
  }

  close(): void {
    this.#closed = true;
    this.#inbox = [];
    this.#arrived = 0;
  }

  #take(message: Message, from: number, weight: number): void {
    const inbox = this.#inbox;
    const at = this.#arrived;
    inbox[at] = message;
    inbox[at + 1] = from;
    inbox[at + 2] = weight;
    this.#arrived = at + 3;
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
