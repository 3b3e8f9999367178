/**
 * A source as a metered service would serve it: each process may read so many records a second and no more. It is what keeps
 * two workers from keeping up on a laptop, where the processor alone would not.
 */
import type { PartitionedSource } from "weir";

export function metered<T, S>(source: PartitionedSource<T, S>, perSecond: number): PartitionedSource<T, S> {
  if (perSecond <= 0) return source;
  let tokens = perSecond / 10;
  let filledAt = Date.now();
  const refill = (): void => {
    const now = Date.now();
    tokens = Math.min(perSecond / 10, tokens + ((now - filledAt) * perSecond) / 1000);
    filledAt = now;
  };
  return {
    ...source,
    async buildPart(part, resume) {
      const inner = await source.buildPart(part, resume);
      let waitUntil: number | undefined;
      return {
        ...inner,
        nextBatch() {
          refill();
          waitUntil = undefined;
          if (tokens <= 0) {
            waitUntil = Date.now() + Math.ceil((1 - tokens) * (1000 / perSecond));
            return [];
          }
          const count = (batch: Iterable<T> | null): Iterable<T> | null => {
            if (batch === null) return null;
            const items = Array.isArray(batch) ? (batch as T[]) : [...batch];
            tokens -= items.length;
            return items;
          };
          const batch = inner.nextBatch();
          return batch instanceof Promise ? batch.then(count) : count(batch);
        },
        nextAwake: () => waitUntil ?? inner.nextAwake?.(),
      };
    },
  };
}
