/**
 * Results as bars in an SVG: for each row, everybody as a multiple of its first variant. Logarithmic, since peers differ by orders; longer
 * is better, of rates as of times. A mark on a bar is its goal.
 */
import { figure, ratio, type RowResult, times, valueOf } from "../results.ts";

const width = 880;
const labelWidth = 220;
const barsWidth = 440;
const barHeight = 15;
const gap = 16;
const top = 66;

type Kind = "loop" | "Weir" | "timely" | "Flink" | "Bytewax";
const colours: Readonly<Record<Kind, string>> = {
  loop: "#8c959f",
  Weir: "#0969da",
  timely: "#bf8700",
  Flink: "#cf222e",
  Bytewax: "#8250df",
};

interface Bar {
  readonly label: string;
  readonly kind: Kind;
  readonly value: number;
  readonly figure: string;
  readonly times: string;
  /** Multiples at which goals are reached. */
  readonly goals: readonly number[];
}

function kindOf(name: string, own: readonly string[]): Kind {
  if (name === "loop") return "loop";
  const peers = { timely: "timely", flink: "Flink", bytewax: "Bytewax" } as const;
  return own.includes(name) ? "Weir" : (Object.entries(peers).find(([prefix]) => name.startsWith(prefix))?.[1] ?? "Weir");
}

function bars(result: RowResult): Bar[] {
  const own = Object.keys(result.row.variants);
  const base = own[0]!;
  return result.contestants.flatMap(({ name }): Bar[] => {
    const value = valueOf(result, name);
    const against = ratio(result, name, base);
    if (value === undefined || against === undefined || !Number.isFinite(Math.log10(against))) return [];
    const goals = result.row.goals
      .flatMap((goal): number[] => {
        if (goal.variant !== name || goal.figure !== undefined) return [];
        if (goal.below !== undefined) return [valueOf(result, base)! / goal.below];
        const of = ratio(result, goal.of ?? "loop", base);
        return of === undefined ? [] : [of * (goal.atLeast ?? 1)];
      })
      .filter((goal) => Number.isFinite(Math.log10(goal)));
    return [
      {
        label: name,
        kind: kindOf(name, own),
        value: against,
        figure: figure(value, result.row.unit),
        times: times(against),
        goals,
      },
    ];
  });
}

export function picture(results: readonly RowResult[]): string {
  const shown = results.map((result) => ({ result, bars: bars(result) })).filter((one) => one.bars.length > 1);
  const logs = shown.flatMap((one) => one.bars.flatMap(({ value, goals }) => [value, ...goals].map(Math.log10)));
  const least = Math.floor(Math.min(-1, ...logs));
  const most = Math.max(0.5, ...logs);
  const across = (value: number): number => labelWidth + ((Math.log10(value) - least) / (most - least)) * barsWidth;
  const parts: string[] = [];
  let y = top;
  for (const { result, bars: list } of shown) {
    parts.push(`<text x="12" y="${y + 11}" class="row">${escape(result.row.name)}</text>`);
    y += 18;
    for (const bar of list) {
      const length = Math.max(2, across(bar.value) - labelWidth).toFixed(1);
      parts.push(
        `<text x="${labelWidth - 8}" y="${y + 11}" text-anchor="end">${escape(bar.label)}</text>`,
        `<rect x="${labelWidth}" y="${y + 1}" width="${length}" height="${barHeight - 3}" rx="2" fill="${colours[bar.kind]}"/>`,
        ...bar.goals.map(
          (goal) =>
            `<line x1="${across(goal).toFixed(1)}" x2="${across(goal).toFixed(1)}" y1="${y - 1}" y2="${y + barHeight - 1}" stroke="#1f2328" stroke-width="2"/>`,
        ),
        `<text x="${labelWidth + barsWidth + 110}" y="${y + 11}" text-anchor="end">${escape(bar.figure)}</text>`,
        `<text x="${width - 12}" y="${y + 11}" text-anchor="end">${escape(bar.times)}</text>`,
      );
      y += barHeight;
    }
    y += gap;
  }
  const grid = Array.from({ length: Math.floor(most) - least + 1 }, (_, i) => least + i).map((log) => {
    const x = across(10 ** log).toFixed(1);
    return (
      `<line x1="${x}" x2="${x}" y1="${top - 4}" y2="${y - gap}" stroke="${log === 0 ? "#8c959f" : "#eaeef2"}"/>` +
      `<text x="${x}" y="${top - 9}" text-anchor="middle">${10 ** log >= 1 ? 10 ** log : (10 ** log).toFixed(-log)} ×</text>`
    );
  });
  const legend = (Object.keys(colours) as Kind[]).map(
    (kind, i) =>
      `<circle cx="${labelWidth + 6 + i * 76}" cy="37" r="5" fill="${colours[kind]}"/><text x="${labelWidth + 16 + i * 76}" y="41">${kind}</text>`,
  );
  const title = "Multiples of each row's first line (logarithmic; longer is better; a black mark is a goal)";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="${escape(title)}">`,
    "<style>text{font:12px system-ui,sans-serif;fill:#57606a}.row{font-weight:600;fill:#24292f}</style>",
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    `<text x="12" y="20" class="row">${escape(title)}</text>`,
    ...legend,
    ...grid,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
