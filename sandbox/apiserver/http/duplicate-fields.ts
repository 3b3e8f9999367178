// Finds members that a JSON text names twice in one object, which JSON.parse passes over.
// Invariant: the text has been parsed before, so that it is known to be well-formed.

/** The paths, as strict decoding names them: `spec.containers[0].name`. */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  let at = 0;

  function skipSpace(): void {
    while (at < text.length && text.charCodeAt(at) <= 32) at++;
  }

  function readString(): string {
    const start = at++;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at++;
    return JSON.parse(text.slice(start, at)) as string;
  }

  function readValue(path: string): void {
    skipSpace();
    const first = text[at];
    if (first === '"') {
      at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      at++;
    } else if (first === "{") readMembers(path);
    else if (first === "[") readItems(path);
    else while (at < text.length && !",]} \n\r\t".includes(text[at]!)) at++;
    skipSpace();
  }

  function readMembers(path: string): void {
    const seen = new Set<string>();
    at++;
    skipSpace();
    while (text[at] !== "}") {
      const key = readString();
      const member = path === "" ? key : `${path}.${key}`;
      if (seen.has(key)) found.push(member);
      seen.add(key);
      skipSpace();
      at++;
      readValue(member);
      if (text[at] === ",") at++;
      skipSpace();
    }
    at++;
  }

  function readItems(path: string): void {
    at++;
    skipSpace();
    for (let index = 0; text[at] !== "]"; index++) {
      readValue(`${path}[${index}]`);
      if (text[at] === ",") at++;
      skipSpace();
    }
    at++;
  }

  readValue("");
  return [...new Set(found)];
}
