// What a client accepts, and which of our representations that is.
// Invariant: JSON and YAML only; a client that wants nothing but protobuf is told so (406).

import { notAcceptable } from "../errors/status.ts";

export interface MediaType {
  type: string;
  parameters: Record<string, string>;
}

export interface Representation {
  yaml: boolean;
  /** The transformation asked for with `as=`. */
  as: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | undefined;
  /** Of the transformed kind: v1 or v1beta1 of meta.k8s.io. */
  version: string;
  pretty: boolean;
}

export function parseMediaTypes(header: string | undefined): MediaType[] {
  return (header ?? "*/*")
    .split(",")
    .map((part) => {
      const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
      return {
        type: type.toLowerCase(),
        parameters: Object.fromEntries(parameters.map((parameter) => parameter.split("=").map((x) => x.trim()))),
      };
    })
    .filter((media) => media.type !== "");
}

const offered = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** The first acceptable one in the client's order. Throws ApiError 406. */
export function representationFor(accept: string | undefined, pretty: boolean): Representation {
  for (const { type, parameters } of parseMediaTypes(accept)) {
    const yaml = type === "application/yaml";
    if (!yaml && !["application/json", "application/*", "*/*"].includes(type)) continue;
    const as = parameters.as;
    if (as === undefined) return { yaml, as: undefined, version: "v1", pretty };
    const known = as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList";
    if (known && parameters.g === "meta.k8s.io" && (parameters.v === "v1" || parameters.v === "v1beta1")) {
      return { yaml, as, version: parameters.v, pretty };
    }
  }
  throw notAcceptable(offered.slice(0, 2));
}
