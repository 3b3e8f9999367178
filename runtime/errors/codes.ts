/**
 * The closed list of error codes, each with the sentence that says what to do about it. `docs/errors.md` has a section per
 * code; a test fails when one of the two lacks a code that the other has.
 */
export const errorCodes = {
  // Building a flow
  WEIR_FLOW_ID: "Give the flow a non-empty id.",
  WEIR_STEP_ID: 'Give the step a non-empty id without ".".',
  WEIR_STEP_DUPLICATE: "Give each step of a flow its own id.",
  WEIR_FLOW_NO_INPUT: "Add at least one input to the flow.",
  WEIR_FLOW_NO_OUTPUT: "Add at least one output, inspect or raises to the flow.",
  WEIR_FLOW_FOREIGN_STREAM: "Combine streams of one flow only.",
  WEIR_FLOW_OPTION: "Correct the option that the message names.",
  WEIR_WINDOW_UNUSED: "Call fold, reduce, count, collect, max, min or join on the windowed stream, once.",
  // Running a flow
  WEIR_STEP_FAILED: "The step's own code threw; the cause is the error. Mend the code or the data.",
  WEIR_PREDICATE_NOT_BOOLEAN: "Return true or false from the predicate.",
  WEIR_KEY_NOT_STRING: "Return a string from the key function; use String(value) for numbers.",
  WEIR_NOT_A_PAIR: "Send [key, value] pairs with string keys into a keyed step.",
  WEIR_NOT_ITERABLE: "Return an iterable, an array for instance.",
  WEIR_BAD_RETURN: "Return what the step's signature asks for.",
  WEIR_RAISED: "An item reached a step that allows none; the message shows it.",
  WEIR_ENCODE: "Keep values to types that can be stored: JSON types, bigint, Date, Map, Set, typed arrays.",
  WEIR_DECODE: "The bytes are not what this version of Weir wrote; check for mixed versions or an altered file.",
  // Timely dataflow
  WEIR_TIMELY_GRAPH: "Connect streams of one scope while their dataflow is being built, and let every loop advance its time.",
  WEIR_TIMELY_CAPABILITY:
    "Send and ask at times at or after those of a capability that is still held, inside of its operator; drop it when done.",
  WEIR_TIMELY_TIME: "Give a time of the scope's kind, a number or [outer, inner], that is not before the current one.",
  WEIR_TIMELY_ROUTE: "Return an integer from the routing function, within range where parts are numbered.",
  WEIR_TIMELY_STUCK: "Close the inputs and drop the capabilities that are not needed any more.",
  // Modules and the command line
  WEIR_MODULE_NOT_FOUND: "Check the path of the flow module.",
  WEIR_MODULE_BROKEN: "The module threw or does not parse while it was imported; the cause says where.",
  WEIR_MODULE_EXPORT: "Export a Dataflow, or a function that returns one, under the name asked for.",
  WEIR_USAGE: "See the command's --help.",
  WEIR_PORT_IN_USE: "Stop the other program or choose another port.",
  // Sources and sinks
  WEIR_SOURCE_FAILED: "The source could not be listed, opened or read; the cause says why.",
  WEIR_SOURCE_POSITION:
    "The source no longer has what comes next. Let it keep more, say where to go on (`onOutOfRange`), or start with a new store.",
  WEIR_SOURCE_INTERRUPTED: "The flow asks again by itself; see why the service does not answer.",
  WEIR_SINK_FAILED: "The sink could not be opened or written; the cause says why.",
  WEIR_SINK_STATE: "The output has less in it than the snapshot says was written; restore it or start with a new store.",
  WEIR_SINK_INTERRUPTED:
    "What the sink wrote since the last snapshot was given up; with a recovery store the flow goes on from that snapshot by itself.",
  WEIR_SINK_LOST:
    "Results that a committed snapshot counts on are gone; resume from the snapshot before it, or accept the loss, as the message says.",
  // Recovery
  WEIR_STORE_URL: "Use file:///dir, s3://bucket/prefix or azure://container/prefix.",
  WEIR_STORE_FAILED: "The store did not answer as it should; check its address, credentials and permissions.",
  WEIR_STORE_PRECONDITION: "Another writer changed the object first.",
  WEIR_STORE_OWNED: "Another execution owns this state. Stop it, or use another store.",
  WEIR_STORE_FLOW: "The store holds another flow's state. Use another store.",
  WEIR_PARTITIONS_CHANGED: "Use the number of partitions that the store was made with, or repartition it offline.",
  WEIR_STATE_MISMATCH: "The state was kept by a step with other parameters. Use those again, or give the step a new id.",
  WEIR_STATE_DROPPED: "Bring the steps back, or allow dropped state explicitly.",
  WEIR_SNAPSHOT_MISSING: "A file of the snapshot is gone. Restore it, or resume from another retained epoch.",
  WEIR_SNAPSHOT_DAMAGED: "A file of the snapshot is not what was written. Restore it, or resume from another retained epoch.",
  WEIR_SNAPSHOT_NOT_RETAINED: "Choose one of the epochs that the message lists.",
  // Running together
  WEIR_PEER_LOST: "A process of the flow went away; the execution ends and a new one starts from the last snapshot.",
  WEIR_PEER_REFUSED: "Check that all processes have the same token, flow and numbers of processes and threads.",
  WEIR_EXECUTION_ENDED: "The execution was ended from outside; start again to go on from the last snapshot.",
  WEIR_RESCALE_REFUSED: "Wait until the change that is running has finished, or correct the number of processes.",
  // Sandbox and controller
  WEIR_KUBERNETES: "The Kubernetes API refused or did not answer; the cause says why.",
} as const;

export type ErrorCode = keyof typeof errorCodes;
