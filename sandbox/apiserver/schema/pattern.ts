// Regular expressions of schemas and rules: written for Go's RE2, run by V8.
// Invariant: what RE2 takes and V8 has under another spelling is translated; what is left over does not compile, and says so.

const classes: Record<string, string> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  upper: "A-Z",
  space: "\\s",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
  punct: "!-\\/:-@\\[-`{-~",
};

const compiled = new Map<string, RegExp>();
const most = 1000;

function translate(pattern: string): [string, string] {
  let flags = "";
  const source = pattern
    .replace(/^\(\?([is]+)\)/, (_whole, given: string) => {
      flags = given;
      return "";
    })
    .replaceAll(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole)
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\\z$/g, "$")
    .replaceAll(/^\\A/g, "^");
  return [source, flags];
}

/** @throws SyntaxError when the expression is not understood. */
export function compilePattern(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const [source, flags] = translate(pattern);
  let made: RegExp;
  try {
    made = new RegExp(source, `u${flags}`);
  } catch {
    // Needless escapes, which RE2 takes, V8 takes only without the flag.
    made = new RegExp(source, flags);
  }
  if (compiled.size >= most) compiled.clear();
  compiled.set(pattern, made);
  return made;
}
