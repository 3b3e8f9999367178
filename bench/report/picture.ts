/** Results as bars in an SVG: for each row, everybody as a multiple of its first variant. Logarithmic, since peers differ by orders. */
import { figure, ratio, type RowResult, times, valueOf } from "../results.ts";

const width = 860;
const labelWidth = 190;
const barWidth = 430;
const barHeight = 16;
const gap = 18;

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly kind: "base" | "own" | "peer";
}

const colours: Record<Bar["kind"], string> = { base: "#8c959f", own: "#0969da", peer: "#bf8700" };

function bars(result: RowResult): Bar[] {
  const own = Object.keys(result.row.variants);
  return result.contestants.flatMap(({ name }) => {
    const value = valueOf(result, name);
    const against = ratio(result, name, own[0]!);
    if (value === undefined || against === undefined) return [];
    const kind = !own.includes(name) ? "peer" : name === "loop" ? "base" : "own";
    return { label: name, value: against, text: `${figure(value, result.row.unit)}  ${times(against)}`, kind };
  });
}

const title = "Multiples of each row's first line (logarithmic)";

export function picture(results: readonly RowResult[]): string {
  const shown = results.map((result) => ({ result, bars: bars(result) })).filter((one) => one.bars.length > 1);
  const values = shown.flatMap((one) => one.bars.map(({ value }) => Math.log10(value)));
  const least = Math.floor(Math.min(-1, ...values));
  const most = Math.max(0.3, ...values);
  const scale = (value: number): number => ((Math.log10(value) - least) / (most - least)) * barWidth;
  const parts: string[] = [];
  let y = 40;
  for (const { result, bars: list } of shown) {
    parts.push(`<text x="12" y="${y + 12}" class="row">${escape(result.row.name)}</text>`);
    y += 20;
    for (const bar of list) {
      const length = Math.max(2, scale(bar.value)).toFixed(1);
      parts.push(
        `<text x="${labelWidth - 8}" y="${y + 12}" text-anchor="end">${escape(bar.label)}</text>`,
        `<rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight - 3}" rx="2" fill="${colours[bar.kind]}"/>`,
        `<text x="${labelWidth + Number(length) + 8}" y="${y + 11}">${escape(bar.text)}</text>`,
      );
      y += barHeight;
    }
    y += gap;
  }
  const one = labelWidth + scale(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="${escape(title)}">`,
    "<style>text{font:12px system-ui,sans-serif;fill:#57606a}.row{font-weight:600;fill:#24292f}</style>",
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    `<text x="12" y="22" class="row">${escape(title)}</text>`,
    `<line x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="36" y2="${y - gap}" stroke="#d0d7de" stroke-dasharray="3 3"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
