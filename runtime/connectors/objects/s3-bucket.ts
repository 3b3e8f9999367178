/** A bucket of S3, or of what speaks like it: uploads are multipart uploads. */
import { connectS3, type CloudLocation, type CloudOptions, isMissing, type S3Connection } from "../../cloud/index.ts";
import { type Bucket, tokenName } from "./bucket.ts";
import { rangeOf, wholeSize } from "./range.ts";

export function s3Bucket({ container }: CloudLocation, options: CloudOptions, timeoutMs: number): Bucket {
  const Bucket = container;
  let loading: Promise<S3Connection> | undefined;
  // Tried once by the SDK: whoever calls knows what may be tried again, and for how long.
  const load = (): Promise<S3Connection> => (loading ??= connectS3(options, timeoutMs, 1));
  return {
    url: `s3://${container}`,
    async *list(Prefix, abortSignal, after) {
      const { sdk, client } = await load();
      let token: string | undefined;
      do {
        const command = new sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: token, StartAfter: after });
        const page = await client.send(command, { abortSignal });
        for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, size: Size ?? 0 };
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async read(Key, from, length, IfMatch, abortSignal) {
      const { sdk, client } = await load();
      const command = new sdk.GetObjectCommand({ Bucket, Key, Range: rangeOf(from, length), IfMatch });
      const answer = await client.send(command, { abortSignal });
      const bytes = Buffer.from(await answer.Body!.transformToByteArray());
      return { bytes, etag: answer.ETag ?? "", size: wholeSize(answer.ContentRange, answer.ContentLength ?? bytes.length, bytes) };
    },
    async stat(Key, abortSignal) {
      const { sdk, client } = await load();
      try {
        const answer = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }), { abortSignal });
        return { size: answer.ContentLength ?? 0, etag: answer.ETag ?? "", token: answer.Metadata?.[tokenName] };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async beginUpload(Key, token, abortSignal) {
      const { sdk, client } = await load();
      const command = new sdk.CreateMultipartUploadCommand({ Bucket, Key, Metadata: { [tokenName]: token } });
      return (await client.send(command, { abortSignal })).UploadId!;
    },
    async uploadPart({ key, id }, part, Body, abortSignal) {
      const { sdk, client } = await load();
      const command = new sdk.UploadPartCommand({ Bucket, Key: key, UploadId: id, PartNumber: part + 1, Body });
      return (await client.send(command, { abortSignal })).ETag!;
    },
    async completeUpload({ key, id }, parts, abortSignal) {
      const { sdk, client } = await load();
      const Parts = parts.map((ETag, part) => ({ ETag, PartNumber: part + 1 }));
      const command = new sdk.CompleteMultipartUploadCommand({
        Bucket,
        Key: key,
        UploadId: id,
        MultipartUpload: { Parts },
        IfNoneMatch: "*",
      });
      await client.send(command, { abortSignal });
    },
    async abortUpload({ key, id }, abortSignal) {
      const { sdk, client } = await load();
      try {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: id }), { abortSignal });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
    async uploads(Prefix, abortSignal) {
      const { sdk, client } = await load();
      const found: { key: string; id: string }[] = [];
      let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
      while (marker !== undefined) {
        const page: import("@aws-sdk/client-s3").ListMultipartUploadsCommandOutput = await client.send(
          new sdk.ListMultipartUploadsCommand({ Bucket, Prefix, ...marker }),
          { abortSignal },
        );
        for (const { Key, UploadId } of page.Uploads ?? []) {
          if (Key !== undefined && UploadId !== undefined) found.push({ key: Key, id: UploadId });
        }
        marker = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
      }
      return found;
    },
  };
}
