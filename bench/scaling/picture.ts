/** Growth as lines, a panel for each table: cost for one, as a multiple of the first size's. Both axes logarithmic; level = linear. */
import { pointsOf, type Scaled } from "./report.ts";

const panel = { width: 400, height: 276, left: 54, right: 16, top: 34, bottom: 92 };
const colours = ["#0969da", "#bf8700", "#1a7f37", "#8250df"];

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [size: number, times: number])[];
}

function linesOf(scaled: Scaled): Line[] {
  return scaled.table.costs.map(({ name, linear }, column) => {
    const points = pointsOf(scaled, column).map(([size, cost]) => [size, cost / size ** linear] as const);
    return { name, points: points.map(([size, cost]) => [size, cost / points[0]![1]] as const) };
  });
}

function drawPanel(scaled: Scaled, x: number, y: number): string {
  const lines = linesOf(scaled);
  const sizes = scaled.rows.map(({ size }) => Math.log10(size));
  const times = lines.flatMap(({ points }) => points.map(([, value]) => Math.log10(value)));
  const [least, most] = [Math.floor(Math.min(-0.5, ...times)), Math.ceil(Math.max(0.5, ...times))];
  const [first, last] = [Math.min(...sizes), Math.max(...sizes)];
  const width = panel.width - panel.left - panel.right;
  const height = panel.height - panel.top - panel.bottom;
  const across = (size: number): number => panel.left + ((Math.log10(size) - first) / (last - first || 1)) * width;
  const up = (log: number): number => panel.top + ((most - log) / (most - least)) * height;
  const parts = [`<g transform="translate(${x} ${y})">`, `<text x="${panel.left}" y="20" class="row">${scaled.table.name}</text>`];
  for (let log = least; log <= most; log++) {
    const at = up(log).toFixed(1);
    parts.push(
      `<line x1="${panel.left}" x2="${panel.width - panel.right}" y1="${at}" y2="${at}" stroke="${log === 0 ? "#8c959f" : "#eaeef2"}"/>`,
      `<text x="${panel.left - 6}" y="${Number(at) + 4}" text-anchor="end">${10 ** log >= 1 ? 10 ** log : (10 ** log).toFixed(-log)}×</text>`,
    );
  }
  for (const { size } of scaled.rows)
    parts.push(
      `<text x="${across(size).toFixed(1)}" y="${panel.height - panel.bottom + 16}" text-anchor="middle">${scaled.table.show(size)}</text>`,
    );
  for (const [i, { name, points }] of lines.entries()) {
    const dots = points.map(([size, value]) => [across(size).toFixed(1), up(Math.log10(value)).toFixed(1)] as const);
    parts.push(
      `<polyline fill="none" stroke="${colours[i]}" stroke-width="2" points="${dots.map((dot) => dot.join(",")).join(" ")}"/>`,
      ...dots.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colours[i]}"/>`),
      `<text x="${panel.left}" y="${panel.height - panel.bottom + 34 + i * 14}" style="fill:${colours[i]}">${name}</text>`,
    );
  }
  return [...parts, "</g>"].join("\n");
}

export function scalingPicture(scaled: readonly Scaled[]): string {
  const columns = 2;
  const width = panel.width * columns + 20;
  const height = 44 + panel.height * Math.ceil(scaled.length / columns);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="How cost grows">`,
    "<style>text{font:11px system-ui,sans-serif;fill:#57606a}.row{font-weight:600;font-size:13px;fill:#24292f}</style>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="24" class="row">What one costs, as a multiple of the first size (logarithmic; level is linear)</text>`,
    ...scaled.map((one, i) => drawPanel(one, 10 + (i % columns) * panel.width, 40 + Math.floor(i / columns) * panel.height)),
    "</svg>",
    "",
  ].join("\n");
}
