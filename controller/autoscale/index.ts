/**
 * Numbers in, worker count out; knows no Kubernetes and imports nothing of ours. The model is that of DS2 (Kalavri et al.,
 * OSDI 2018) for systems in which every worker runs every step: a worker's true rate is records per useful second.
 */
export { advise, type Advice, type AutoscaleMemory, type Policy, noMemory } from "./advise.ts";
export { measure, type Measurement } from "./measure.ts";
export { requiredWorkers } from "./required.ts";
export type { Sample } from "./sample.ts";
