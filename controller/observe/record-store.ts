/**
 * The record of a Dataflow in its ConfigMap. It is written with the version that was read, so that of two controllers (one that
 * lost its lease without knowing) only one goes on.
 */
import { childNames, type Dataflow } from "../api/index.ts";
import { emptyRecord, type DataflowRecord } from "../decide/index.ts";
import { isKubeError, type KubeClient } from "../machinery/index.ts";

interface RecordConfigMap {
  metadata: { resourceVersion?: string; uid?: string; ownerReferences?: { uid: string }[] };
  data?: Record<string, string>;
}

export interface RecordStore {
  read(dataflow: Dataflow): Promise<DataflowRecord>;
  /**
   * Writes only what changed. Throws a 409 when another has written meanwhile. A Dataflow that is being deleted goes on with what
   * is in memory when nothing can be written any more, as in a namespace that is going away.
   */
  write(dataflow: Dataflow, record: DataflowRecord, metadata: Record<string, unknown>): Promise<void>;
  forget(uid: string): void;
}

export function createRecordStore(client: KubeClient): RecordStore {
  const known = new Map<string, { record: DataflowRecord; text: string; version: string | undefined }>();
  const collection = (dataflow: Dataflow) => `/api/v1/namespaces/${dataflow.metadata.namespace}/configmaps`;
  const path = (dataflow: Dataflow) => `${collection(dataflow)}/${childNames.record(dataflow.metadata.name)}`;

  return {
    async read(dataflow) {
      const { uid } = dataflow.metadata;
      const present = known.get(uid);
      if (present !== undefined) return present.record;
      try {
        const found = await client.request<RecordConfigMap>("GET", path(dataflow));
        const text = found.data?.record ?? "";
        // What a namesake left behind, which is about to be collected, is not ours.
        const ours = found.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
        const record = text === "" || !ours ? emptyRecord : (JSON.parse(text) as DataflowRecord);
        known.set(uid, { record, text: ours ? text : "", version: found.metadata.resourceVersion });
        return record;
      } catch (error) {
        if (!isKubeError(error, 404)) throw error;
        known.set(uid, { record: emptyRecord, text: "", version: undefined });
        return emptyRecord;
      }
    },
    async write(dataflow, record, metadata) {
      const { uid } = dataflow.metadata;
      const text = JSON.stringify(record);
      const before = known.get(uid);
      if (before?.text === text) return;
      const body = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { ...metadata, resourceVersion: before?.version },
        data: { record: text },
      };
      try {
        const written =
          before?.version === undefined
            ? await client.request<RecordConfigMap>("POST", collection(dataflow), { body })
            : await client.request<RecordConfigMap>("PUT", path(dataflow), { body });
        known.set(uid, { record, text, version: written.metadata.resourceVersion });
      } catch (error) {
        const nowhere = isKubeError(error, 403) || isKubeError(error, 404);
        if (nowhere && dataflow.metadata.deletionTimestamp !== undefined) {
          known.set(uid, { record, text, version: undefined });
          return;
        }
        // Whatever happened, what is there now must be read before anything else is done.
        known.delete(uid);
        throw error;
      }
    },
    forget: (uid) => void known.delete(uid),
  };
}
