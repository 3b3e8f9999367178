/**
 * Globs over the keys of objects: "*" and "?" stay within a level, "**" crosses levels, "{a,b}" is either, "[a-z]" one of a range.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";

/** @throws WEIR_FLOW_OPTION for brackets and braces that are not closed */
export function keyGlob(glob: string): (key: string) => boolean {
  let pattern = "";
  let braces = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at]!;
    if (glob.startsWith("**/", at)) {
      pattern += "(?:.*/)?";
      at += 2;
    } else if (glob.startsWith("**", at)) {
      pattern += ".*";
      at += 1;
    } else if (character === "*") pattern += "[^/]*";
    else if (character === "?") pattern += "[^/]";
    else if (character === "{") {
      pattern += "(?:";
      braces++;
    } else if (character === "}" && braces > 0) {
      pattern += ")";
      braces--;
    } else if (character === "," && braces > 0) pattern += "|";
    else if (character === "[") {
      const close = glob.indexOf("]", at + 2);
      if (close < 0) throw refused(glob, "a bracket");
      pattern += `[${glob
        .slice(at + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")}]`;
      at = close;
    } else pattern += character.replace(/[\\^$.|+()\]}]/, "\\$&");
  }
  if (braces > 0) throw refused(glob, "a brace");
  const expression = new RegExp(`^${pattern}$`, "s");
  return (key) => expression.test(key);
}

function refused(glob: string, what: string): WeirError {
  return new WeirError("WEIR_FLOW_OPTION", `objectSource: ${what} of the glob ${show(glob)} is not closed`);
}
