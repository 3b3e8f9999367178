/**
 * cloud: the way to S3 and Azure Blob Storage, shared by the stores of recovery and the connectors of objects: addresses,
 * credentials, clients, and what their errors mean. May import errors. The SDKs are loaded when a client is first asked for.
 */
export { connectAzure } from "./azure.ts";
export { defaultTimeoutMs, withDeadline } from "./deadline.ts";
export { explainFault, type Fault, faultOf, isMissing } from "./fault.ts";
export {
  carriesSecrets,
  type CloudLocation,
  cloudLocation,
  type CloudOptions,
  type Environment,
  withoutSecrets,
} from "./location.ts";
export { connectS3, type S3Connection, type S3Sdk } from "./s3.ts";
