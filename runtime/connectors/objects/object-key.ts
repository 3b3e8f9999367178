/**
 * Keys of written objects:
 *
 *   <prefix>/<step>/[<path>/]<execution>-<number>-<worker>.<ending>
 *
 * An execution's number only grows, a worker numbers the objects it begins in one, and both are padded: a key is never given twice, keys of a
 * folder sort by age, and whoever starts later can tell whose an upload was.
 */
export interface ObjectKey {
  readonly execution: number;
  readonly number: number;
  readonly worker: number;
}

/** Steps are free text; what a key should not hold is escaped as in URLs. */
export function folderOf(prefix: string, step: string): string {
  const folder = encodeURIComponent(step);
  return prefix === "" ? `${folder}/` : `${prefix}/${folder}/`;
}

export function objectKey(folder: string, path: string, { execution, number, worker }: ObjectKey, ending: string): string {
  const name = [pad(execution, 10), pad(number, 6), pad(worker, 4)].join("-");
  return `${folder}${path === "" ? "" : `${path}/`}${name}.${ending}`;
}

/** undefined: not one of ours. */
export function parseObjectKey(key: string): ObjectKey | undefined {
  const found = /(?:^|\/)(\d{10,})-(\d{6,})-(\d{4,})\.\w+$/.exec(key);
  if (found === null) return undefined;
  return { execution: Number(found[1]), number: Number(found[2]), worker: Number(found[3]) };
}

/** Behind all keys of earlier executions that have no path, before those of this one. */
export function beforeExecution(folder: string, execution: number): string {
  return `${folder}${pad(execution, 10)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
