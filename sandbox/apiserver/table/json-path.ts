// The JSONPath of printer columns: members, quoted members, indices, wildcards and filters by equality.
// Invariant: a path that does not parse throws when it is compiled, not when a table is printed.

import { isObject, type Json } from "../json.ts";

type Step = (values: Json[]) => Json[];

const member =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isObject(value) && value[name] !== undefined ? [value[name]] : []));

const index =
  (position: number): Step =>
  (values) =>
    values.flatMap((value) => (Array.isArray(value) && value.at(position) !== undefined ? [value.at(position)!] : []));

const all: Step = (values) =>
  values.flatMap((value) =>
    Array.isArray(value) ? value : isObject(value) ? Object.values(value).filter((one) => one !== undefined) : [],
  );

function filter(path: Step, operator: string, wanted: Json): Step {
  return (values) =>
    values
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .filter((item) => {
        const [found] = path([item]);
        return operator === "!=" ? found !== wanted : found === wanted;
      });
}

const token =
  /\.([A-Za-z0-9_$-]+(?:\\\.[A-Za-z0-9_$-]+)*|\*)|\[(?:'([^']*)'|"([^"]*)"|(-?[0-9]+)|(\*)|\?\(@((?:[^=!<>])+?)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([^)\s]+))\))\]/y;

function literal(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** @throws Error when the path is not understood. */
export function compileJsonPath(path: string): (root: Json) => Json[] {
  const steps: Step[] = [];
  let body = path
    .trim()
    .replace(/^\{(.*)\}$/s, "$1")
    .replace(/^\$/, "");
  if (!body.startsWith(".") && !body.startsWith("[")) body = `.${body}`;
  token.lastIndex = 0;
  let at = 0;
  while (at < body.length) {
    token.lastIndex = at;
    const match = token.exec(body);
    if (!match) throw new Error(`unrecognized JSONPath ${JSON.stringify(path)} at ${JSON.stringify(body.slice(at))}`);
    const [whole, name, single, double, position, star, inner, operator, a, b, c] = match;
    if (name === "*" || star) steps.push(all);
    else if (name !== undefined) steps.push(member(name.replaceAll("\\.", ".")));
    else if (single !== undefined || double !== undefined) steps.push(member((single ?? double)!));
    else if (position !== undefined) steps.push(index(Number(position)));
    else {
      const compiled = compileJsonPath(inner!.trim());
      steps.push(filter((values) => values.flatMap(compiled), operator!, a ?? b ?? literal(c!)));
    }
    at += whole.length;
  }
  return (root) => steps.reduce((values, step) => step(values), [root]);
}
