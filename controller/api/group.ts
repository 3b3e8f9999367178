/** What the resource is called, everywhere. */
export const group = "weir.dev";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;
export const kind = "Dataflow";
export const plural = "dataflows";
/** Held until running pods have left and, with `deletionPolicy: Delete`, until the state is gone. */
export const finalizer = "weir.dev/state";
