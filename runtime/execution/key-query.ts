/**
 * Live queries for keys: whichever process is asked, the one that owns the key's partition answers. Questions and answers travel
 * as control messages, so that they need no address but the mesh's.
 */
import { WeirError } from "../errors/index.ts";
import type { Prepare, StateAnswer, StateQuestion } from "./messages.ts";
import type { Network } from "./network.ts";
import { processOf } from "./snapshot-files.ts";

export interface KeyQueries {
  /**
   * The present state of a key: undefined when there is none.
   * @throws WEIR_EXECUTION_ENDED when no execution runs here, or its owner does not answer in time
   */
  read(step: string, key: string): Promise<unknown>;
  asked(from: number, question: StateQuestion): void;
  answered(answer: StateAnswer): void;
  /** The peer is gone: its answers will not come. */
  lost(process: number): void;
}

const patienceMs = 5000;

export function createKeyQueries(
  network: Network,
  current: () => Prepare | undefined,
  readHere: (step: string, key: string) => Promise<unknown>,
): KeyQueries {
  const open = new Map<number, { readonly to: number; settle(answer: StateAnswer | WeirError): void }>();
  let numbers = 0;
  return {
    read(step, key) {
      const prepare = current();
      if (prepare === undefined) return Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "the flow is not running here now"));
      const to = processOf(key, prepare.assignment, prepare.topology.threads);
      if (to === network.process) return readHere(step, key);
      const id = numbers++;
      return new Promise((resolve, reject) => {
        const late = setTimeout(
          () => open.get(id)?.settle(new WeirError("WEIR_EXECUTION_ENDED", `process ${to}, which owns the key, did not answer`)),
          patienceMs,
        );
        late.unref();
        open.set(id, {
          to,
          settle(answer) {
            clearTimeout(late);
            open.delete(id);
            if (answer instanceof Error) reject(answer);
            else resolve(answer.found ? answer.value : undefined);
          },
        });
        network.send(to, { kind: "askState", id, step, key });
      });
    },
    asked(from, { id, step, key }) {
      const answer = (value: unknown): void =>
        network.send(from, { kind: "state", id, found: value !== undefined, value: value ?? null });
      readHere(step, key).then(answer, () => answer(undefined));
    },
    answered: (answer) => open.get(answer.id)?.settle(answer),
    lost(process) {
      for (const query of open.values())
        if (query.to === process)
          query.settle(new WeirError("WEIR_EXECUTION_ENDED", `process ${process}, which owns the key, went away`));
    },
  };
}
