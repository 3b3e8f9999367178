import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Line {
  readonly airport: string;
  readonly date: string;
  readonly flights: number;
  readonly delayMinutes: number;
}

export function readResults(directory: string): Line[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** The ten airports' days with the most minutes of delay in all. */
export function printWorstDays(directory: string): void {
  const lines = readResults(directory);
  const flights = lines.reduce((sum, line) => sum + line.flights, 0);
  const worst = lines.toSorted((a, b) => b.delayMinutes - a.delayMinutes).slice(0, 10);
  console.log(
    `The ten worst of ${lines.length.toLocaleString("en-US")} airport days (${flights.toLocaleString("en-US")} flights):\n`,
  );
  console.log("  airport  date        flights  delay (min)  per flight");
  for (const { airport, date, flights: count, delayMinutes } of worst) {
    console.log(
      `  ${airport.padEnd(7)}  ${date}  ${String(count).padStart(7)}  ${delayMinutes.toLocaleString("en-US").padStart(11)}  ${(delayMinutes / count).toFixed(1).padStart(10)}`,
    );
  }
}
