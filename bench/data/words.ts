/** The words of a line: maximal runs without white space, lowercased. The loop and the flow split alike. */
export function words(line: string): string[] {
  const text = line.toLowerCase();
  const found: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 32 || (code >= 9 && code <= 13)) {
      if (start >= 0) found.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) start = i;
  }
  if (start >= 0) found.push(text.slice(start));
  return found;
}
