/** Counts words: the small flow to read first. Each file is a part of the source, so three processes read one each. */
import { Dataflow, fileSource, stdoutSink } from "weir";

const flow = new Dataflow("wordcount");
flow
  .input("lines", fileSource("examples/wordcount/*.txt"))
  .flatMap("split", (line: string) => line.toLowerCase().match(/\p{L}+/gu) ?? [])
  .keyBy("word", (word) => word)
  .countFinal("count")
  .output("print", stdoutSink());
export default flow;
