/** A transactional sink that tells where in its protocol it is: for processes that are to die at a point of it. */
import type { TransactionalSink } from "../../runtime/index.ts";

/** Something was prepared; a commit is about to be made; it was made. */
export type CommitPoint = "prepared" | "commit" | "committed";

export function watchedSink<T, P>(sink: TransactionalSink<T, P>, pass: (point: CommitPoint) => void): TransactionalSink<T, P> {
  return {
    ...sink,
    async build(worker, workers, context) {
      const part = await sink.build(worker, workers, context);
      return {
        ...part,
        async prepare(epoch) {
          const prepared = await part.prepare(epoch);
          if (prepared !== undefined) pass("prepared");
          return prepared;
        },
      };
    },
    async commit(prepared) {
      pass("commit");
      await sink.commit(prepared);
      pass("committed");
    },
  };
}
