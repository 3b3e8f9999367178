// All objects, in memory for reading and in SQLite for keeping.
// Invariants: one counter gives every write its revision, which never repeats, restarts included; a write is in
// SQLite before anybody can see it; objects handed out are shared and must not be changed.
//
// Everything here is synchronous: between a read and the write that depends on it nothing else runs, so the
// compare-and-swap of etcd is a plain comparison made by the caller.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { KubeObject } from "../json.ts";
import { openHistory, type History, type StoredEvent } from "./history.ts";

export interface Store {
  revision(): number;
  get(bucket: string, namespace: string, name: string): KubeObject | undefined;
  /** The objects of a bucket, of one namespace if given, in the order of their keys. */
  list(bucket: string, namespace?: string): KubeObject[];
  /** Creates or replaces; sets metadata.resourceVersion on `object` and hands it back. */
  put(bucket: string, object: KubeObject): KubeObject;
  /** Removes; the object handed back carries the revision of its removal. */
  remove(bucket: string, object: KubeObject): KubeObject;
  /** Removes all objects of a bucket. */
  drop(bucket: string): void;
  /** Called after every write, in order; returns the way to stop it. */
  subscribe(listener: (event: StoredEvent) => void): () => void;
  readonly history: History;
  /** Number of subscribers, for those who look for leaks. */
  subscribers(): number;
  close(): void;
}

interface Bucket {
  objects: Map<string, KubeObject>;
  /** Keys in order, or undefined after a key came or went. */
  sorted: string[] | undefined;
}

const keyOf = (namespace: string, name: string): string => (namespace === "" ? name : `${namespace}/${name}`);

export function openStore(options: { directory: string; historyLimit: number }): Store {
  mkdirSync(options.directory, { recursive: true });
  const file = join(options.directory, "objects.sqlite");
  const database = new Database(file, { timeout: 1000 });
  // WAL with synchronous=NORMAL survives the death of the process at any point, though not a power cut.
  // The exclusive lock, which ends with the process, keeps a second server from the same objects.
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    database.exec("BEGIN IMMEDIATE; COMMIT");
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    throw new Error(`${options.directory} is in use by another API server`, { cause: error });
  }
  database.exec(`
    CREATE TABLE IF NOT EXISTS objects (bucket TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL);
    INSERT OR IGNORE INTO counter VALUES (1, 1);
  `);
  const writeBody = database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)");
  const removeBody = database.prepare("DELETE FROM objects WHERE bucket = ? AND key = ?");
  const writeRevision = database.prepare("UPDATE counter SET revision = ?");
  const commitPut = database.transaction((bucket: string, key: string, body: string, revision: number) => {
    writeBody.run(bucket, key, body);
    writeRevision.run(revision);
  });
  const commitRemove = database.transaction((bucket: string, key: string, revision: number) => {
    removeBody.run(bucket, key);
    writeRevision.run(revision);
  });

  let revision = (database.prepare("SELECT revision FROM counter").get() as { revision: number }).revision;
  const buckets = new Map<string, Bucket>();
  const bucketOf = (name: string): Bucket => {
    let bucket = buckets.get(name);
    if (!bucket) buckets.set(name, (bucket = { objects: new Map(), sorted: undefined }));
    return bucket;
  };
  for (const row of database.prepare("SELECT bucket, key, body FROM objects").iterate() as Iterable<{
    bucket: string;
    key: string;
    body: string;
  }>) {
    bucketOf(row.bucket).objects.set(row.key, JSON.parse(row.body) as KubeObject);
  }
  const history = openHistory(options.historyLimit, revision);
  const listeners = new Set<(event: StoredEvent) => void>();
  // A listener may write; its event waits here until all have seen the one before.
  const pending: StoredEvent[] = [];
  let announcing = false;

  function announce(event: StoredEvent): void {
    history.append(event);
    pending.push(event);
    if (announcing) return;
    announcing = true;
    try {
      for (let next = pending.shift(); next; next = pending.shift()) for (const listener of listeners) listener(next);
    } finally {
      announcing = false;
    }
  }

  const store: Store = {
    history,
    revision: () => revision,
    subscribers: () => listeners.size,
    get: (bucket, namespace, name) => buckets.get(bucket)?.objects.get(keyOf(namespace, name)),
    list(name, namespace) {
      const bucket = buckets.get(name);
      if (!bucket) return [];
      bucket.sorted ??= [...bucket.objects.keys()].sort();
      const prefix = namespace ? `${namespace}/` : "";
      const found: KubeObject[] = [];
      for (const key of bucket.sorted) if (key.startsWith(prefix)) found.push(bucket.objects.get(key)!);
      return found;
    },
    put(name, object) {
      const bucket = bucketOf(name);
      const key = keyOf(object.metadata.namespace ?? "", object.metadata.name);
      const previous = bucket.objects.get(key);
      const next = revision + 1;
      object.metadata.resourceVersion = String(next);
      commitPut(name, key, JSON.stringify(object), next);
      revision = next;
      bucket.objects.set(key, object);
      if (!previous) bucket.sorted = undefined;
      announce({ type: previous ? "MODIFIED" : "ADDED", revision, bucket: name, object, previous });
      return object;
    },
    remove(name, object) {
      const bucket = bucketOf(name);
      const key = keyOf(object.metadata.namespace ?? "", object.metadata.name);
      const previous = bucket.objects.get(key);
      const next = revision + 1;
      const gone: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(next) } };
      commitRemove(name, key, next);
      revision = next;
      bucket.objects.delete(key);
      bucket.sorted = undefined;
      announce({ type: "DELETED", revision, bucket: name, object: gone, previous });
      return gone;
    },
    drop(name) {
      for (const object of store.list(name)) store.remove(name, object);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      listeners.clear();
      database.close();
    },
  };
  return store;
}
