/** Reads objects that may come any time, next to numbers that need nobody, and keeps both. */
import { Dataflow, fileSink, generatorSource, objectSource } from "../../../runtime/index.ts";

export default function reading(params: Readonly<Record<string, string>>): Dataflow {
  const flow = new Dataflow("reading");
  const given = { url: params.url!, endpoint: params.endpoint!, env: JSON.parse(params.env!) as Record<string, string> };
  flow
    .input("objects", objectSource<string>({ ...given, format: "lines", follow: true, listEveryMs: 0, patienceMs: 300 }))
    .map("line", (line): [string, string] => ["lines", line])
    .asKeyed()
    .output("keep lines", fileSink(`${params.directory}/lines.txt`));
  flow
    .input("numbers", generatorSource({ parts: 1, ratePerSecond: 50, make: String }))
    .map("number", (number): [string, string] => ["numbers", number])
    .asKeyed()
    .output("keep numbers", fileSink(`${params.directory}/numbers.txt`));
  return flow;
}
