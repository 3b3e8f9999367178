import type { ControlMessage } from "./messages.ts";
import type { Driven } from "./drive.ts";
import type { Network } from "./network.ts";

/** The network of a flow that is one process: messages to oneself, delivered by the driver in the order they were sent. */
export function createLocalNetwork(wake: () => void): Network & Driven {
  const queue: ControlMessage[] = [];
  let handler: (from: number, message: ControlMessage) => void = () => {};
  return {
    process: 0,
    send(_process, message) {
      queue.push(message);
      wake();
    },
    onMessage(next) {
      handler = next;
    },
    onPeer() {},
    connected: (process) => process === 0,
    step() {
      for (let message = queue.shift(); message !== undefined; message = queue.shift()) handler(0, message);
      return false;
    },
    nextTime: () => undefined,
  };
}
