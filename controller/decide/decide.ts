/**
 * The operator's whole mind, as one pure function: what was observed and remembered in; status, record, actions and events out.
 * The record is written before the actions are done, and every action may be done twice.
 */
import { finalizer, withDefaults } from "../api/index.ts";
import { acceptSpec } from "./accept.ts";
import { remove } from "./deletion.ts";
import { newDraft, note, type Context } from "./draft.ts";
import { factsOf } from "./facts.ts";
import { bringAbout } from "./lifecycle.ts";
import { metered } from "./meter.ts";
import { problemsOf } from "./problems.ts";
import type { Decision, State } from "./state.ts";
import { statusOf } from "./status.ts";
import { setTarget } from "./target.ts";

export function decide(state: State): Decision {
  const facts = factsOf(state);
  const draft = newDraft(state);
  draft.meter = metered(state.meter, facts, state.now);
  const spec = withDefaults(state.dataflow.spec, state.settings.runtimeImage);
  const context: Context = { state, spec, draft };
  if (state.dataflow.metadata.deletionTimestamp !== undefined) {
    remove(context, facts);
  } else {
    if (!state.dataflow.metadata.finalizers?.includes(finalizer)) draft.actions.push({ kind: "addFinalizer" });
    const problems = problemsOf(state, spec);
    if (problems.length > 0) {
      const message = problems.join("; ");
      draft.degraded.push({ reason: "InvalidSpec", message });
      note(draft, "Warning", "InvalidSpec", message);
    } else {
      acceptSpec(context);
      setTarget(context);
    }
    if (state.applyError !== undefined) draft.degraded.push({ reason: "ApplyFailed", message: state.applyError });
    bringAbout(context, factsOf({ ...state, record: draft.record }));
  }
  const after = factsOf({ ...state, record: draft.record });
  return {
    status: statusOf(context, after),
    record: draft.record,
    actions: draft.actions,
    events: draft.events,
    autoscale: draft.autoscale,
    meter: draft.meter,
    requeueAfter: draft.requeueAfter,
  };
}
