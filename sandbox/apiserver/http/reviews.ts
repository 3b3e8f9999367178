// Reviews of the caller: one user, who may do everything. Answered, not stored.

import type { IncomingMessage, ServerResponse } from "node:http";
import { methodNotAllowed } from "../errors/status.ts";
import { isObject, type JsonObject } from "../json.ts";
import { decodeObject, mediaTypeOf, readBody } from "./body.ts";
import type { ResourceRequest } from "./request-info.ts";
import { sendBody } from "./respond.ts";

const rules = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

const statuses: Record<string, JsonObject> = {
  "authentication.k8s.io/selfsubjectreviews": {
    userInfo: { username: "admin", groups: ["system:masters", "system:authenticated"] },
  },
  "authorization.k8s.io/selfsubjectaccessreviews": { allowed: true },
  "authorization.k8s.io/selfsubjectrulesreviews": rules as unknown as JsonObject,
};

/** True when the request was a review and has been answered. */
export async function handleReview(info: ResourceRequest, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const status = statuses[`${info.group}/${info.plural}`];
  if (!status || info.version !== "v1") return false;
  if (request.method !== "POST") throw methodNotAllowed();
  const { value } = decodeObject(await readBody(request), mediaTypeOf(request));
  sendBody(response, 201, { ...(isObject(value) ? value : {}), metadata: {}, status });
  return true;
}
