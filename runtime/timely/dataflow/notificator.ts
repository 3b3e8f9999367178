/**
 * Notifications: times at which an operator wants to run once no input can bring them, or anything before them, any more.
 *
 * Invariant: requests are sorted by time, one per time; what is asked for again joins the first request.
 */
import { compareTimes, frontierLessEqual, sameTime, type Time } from "../progress/index.ts";
import { HeldCapability } from "./capability.ts";
import { capabilityError } from "./misuse.ts";
import type { Capability, InputPort, Notificator } from "./types.ts";

const none: readonly never[] = [];

export class Notifications<T> implements Notificator<T> {
  readonly #requests: Capability<T>[] = [];
  readonly #total: boolean;
  readonly #owner: string;

  constructor(owner: string, coordinates: number) {
    this.#owner = owner;
    this.#total = coordinates === 1;
  }

  notifyAt(capability: Capability<T>): void {
    if (!(capability instanceof HeldCapability))
      throw capabilityError(`${this.#owner}: notifyAt needs a capability; retain that of a batch`);
    if (!capability.held) throw capabilityError(`${this.#owner}: notifyAt with a capability that was dropped`);
    const requests = this.#requests;
    let low = 0;
    let high = requests.length;
    // The latest times are asked for most.
    while (low < high) {
      const middle = high - low < 4 ? high - 1 : (low + high) >>> 1;
      if (compareTimes(requests[middle]!.time as Time, capability.time) <= 0) low = middle + 1;
      else high = middle;
    }
    const known = requests[low - 1];
    if (known !== undefined && sameTime(known.time as Time, capability.time)) {
      if (known !== capability) capability.drop();
    } else if (low === requests.length) requests.push(capability);
    else requests.splice(low, 0, capability);
  }

  /** Takes out, in time order, the requests that no input can still bring. */
  take(inputs: readonly InputPort<any, T>[]): readonly Capability<T>[] {
    const requests = this.#requests;
    if (requests.length === 0) return none;
    if (this.#total) {
      const passed = this.#passed(inputs);
      return passed === 0 ? none : requests.splice(0, passed);
    }
    const taken: Capability<T>[] = [];
    let kept = 0;
    for (const request of requests) {
      if (isOpen(inputs, request)) requests[kept++] = request;
      else taken.push(request);
    }
    requests.length = kept;
    return taken;
  }

  /** Whether `take` would give something. */
  ready(inputs: readonly InputPort<any, T>[]): boolean {
    if (this.#requests.length === 0) return false;
    if (this.#total) return this.#passed(inputs) > 0;
    return this.#requests.some((request) => !isOpen(inputs, request));
  }

  /** How many requests stand before the frontier of every input. */
  #passed(inputs: readonly InputPort<any, T>[]): number {
    let frontier = Infinity;
    for (let i = 0; i < inputs.length; i++) {
      const least = (inputs[i] as unknown as { frontierTime(): number }).frontierTime();
      if (least < frontier) frontier = least;
    }
    const requests = this.#requests;
    let passed = 0;
    while (passed < requests.length && (requests[passed]!.time as number) < frontier) passed++;
    return passed;
  }
}

function isOpen<T>(inputs: readonly InputPort<any, T>[], request: Capability<T>): boolean {
  for (let i = 0; i < inputs.length; i++)
    if (frontierLessEqual(inputs[i]!.frontier() as readonly Time[], request.time as Time)) return true;
  return false;
}
