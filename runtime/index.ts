/** Module "weir": what flow modules import. The timely layer is "weir/timely", running and checking flows in tests "weir/testing". */
export * from "./flow/api.ts";
export * from "./connectors/index.ts";
export { WeirError, errorCodes, isWeirError, type ErrorCode } from "./errors/index.ts";
