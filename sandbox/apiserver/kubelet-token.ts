// What the API server shows the kubelet when it asks for logs: derived from its own token, so that both know it after any
// restart, and so that who sees it on the way to a kubelet does not hold the administrator's.

import { createHmac } from "node:crypto";

export function kubeletToken(token: string): string {
  return createHmac("sha256", token).update("kubelet").digest("base64url");
}
