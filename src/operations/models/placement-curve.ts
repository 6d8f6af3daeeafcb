import type { Explanation } from '#control/explanation.ts';
import { functionCurve, kneeOf } from '#domain/placement/curve.ts';
import { type Markup, markup } from './markup.ts';

type Weighing = NonNullable<Explanation['weighing']>;
type Point = Weighing['options'][number];
type Scale = (value: number) => number;

const [WIDTH, HEIGHT] = [720, 420];
const PLOT = { left: 70, right: 650, top: 60, bottom: 350 } as const;
const TICKS = 5;

/**
 * The bill of a model's function and its p95 over its memory, as one SVG file with a title and a description. It has no script and asks for nothing.
 * Undefined where no bill was made for two sizes of a function at least.
 */
export function placementCurve({ model, version, weighing }: Explanation): string | undefined {
  const curve = functionCurve(weighing?.options ?? []);
  if (curve.length < 2) return undefined;
  const knee = kneeOf(curve);
  const mostMiB = Math.max(...curve.map(({ memoryMiB }) => memoryMiB));
  const mostUsd = Math.max(...curve.map(({ ownUsd }) => ownUsd));
  const mostMs = Math.max(...curve.map(({ p95Ms }) => p95Ms));
  const x = scaled(mostMiB, PLOT.left, PLOT.right);
  const usd = scaled(mostUsd, PLOT.bottom, PLOT.top);
  const ms = scaled(mostMs, PLOT.bottom, PLOT.top);
  const title = `${model} v${version} on Lambda: its own bill and its p95 over its memory`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">${title}</title>
<desc id="desc">${described(curve, knee)}</desc>
<style>${{ html: STYLE }}</style>
<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>
<text class="heading" x="${PLOT.left}" y="24">${title}</text>
<text class="usd" x="${PLOT.left}" y="46">— USD a month, without API Gateway</text>
<text class="ms" x="${PLOT.right}" y="46" text-anchor="end">- - p95 in ms</text>
${ticks(mostUsd).map((value) => markup`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${usd(value)}" y2="${usd(value)}"/><text class="usd" x="${PLOT.left - 8}" y="${usd(value) + 4}" text-anchor="end">${shown(value)}</text>`)}
${ticks(mostMs).map((value) => markup`<text class="ms" x="${PLOT.right + 8}" y="${ms(value) + 4}">${shown(value)}</text>`)}
${ticks(mostMiB).map((value) => markup`<text x="${x(value)}" y="${PLOT.bottom + 20}" text-anchor="middle">${shown(value)}</text>`)}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 44}" text-anchor="middle">memory in MiB</text>
${knee ? kneeMark(knee, x) : NOTHING}
${line('ms', curve, ({ memoryMiB, p95Ms }) => [x(memoryMiB), ms(p95Ms)])}
${line('usd', curve, ({ memoryMiB, ownUsd }) => [x(memoryMiB), usd(ownUsd)])}
</svg>
`.html;
}

const NOTHING = markup``;

/** The same in words: each point, the knee, and the limits that sizes break. */
function described(curve: readonly Point[], knee: Point | undefined): string {
  const points = curve.map(({ memoryMiB, ownUsd, p95Ms, isExtrapolated, refusals }) => {
    const broken = refusals.length > 0 ? `, but ${refusals.join(' and ')}` : '';
    return `${shown(memoryMiB)} MiB: $${ownUsd.toFixed(2)} a month, p95 ${shown(p95Ms)} ms${isExtrapolated ? ' (extrapolated)' : ''}${broken}.`;
  });
  const found = knee ? `The knee is at ${shown(knee.memoryMiB)} MiB. ` : '';
  return `${found}${points.join(' ')}`;
}

function kneeMark({ memoryMiB }: Point, x: Scale): Markup {
  const at = x(memoryMiB);
  // A label at the right end goes to the left of its line.
  const isRight = at > (PLOT.left + PLOT.right) / 2;
  return markup`<line class="knee" x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text class="knee" x="${isRight ? at - 6 : at + 6}" y="${PLOT.top + 14}" text-anchor="${isRight ? 'end' : 'start'}">knee: ${shown(memoryMiB)} MiB</text>`;
}

/** The line through all points; a point that breaks a limit is hollow. */
function line(
  kind: 'usd' | 'ms',
  curve: readonly Point[],
  at: (point: Point) => readonly [x: number, y: number],
): Markup {
  const path = curve.map((point) => at(point).join(',')).join(' ');
  const dots = curve.map((point) => {
    const [cx, cy] = at(point);
    return markup`<circle class="${kind}${point.refusals.length > 0 ? ' broken' : ''}" cx="${cx}" cy="${cy}" r="4"/>`;
  });
  return markup`<polyline class="${kind}" points="${path}"/>${dots}`;
}

function scaled(most: number, from: number, to: number): Scale {
  return (value) => Math.round((from + ((to - from) * value) / Math.max(most, 1e-9)) * 10) / 10;
}

/** Round values from 0 to the most, about five of them. */
function ticks(most: number): readonly number[] {
  const rough = Math.max(most, 1e-9) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function shown(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

const STYLE = `
:root { color-scheme: light dark; }
.ground { fill: #fff; }
text { font: 12px system-ui, sans-serif; fill: #444; }
text.heading { font-size: 15px; font-weight: 600; }
text.usd { fill: #1c62b8; }
text.ms { fill: #a35200; }
text.knee { font-weight: 600; }
polyline { fill: none; stroke-width: 2; }
polyline.usd, circle.usd { stroke: #1c62b8; }
polyline.ms, circle.ms { stroke: #a35200; }
polyline.ms { stroke-dasharray: 6 4; }
circle { stroke-width: 2; }
circle.usd { fill: #1c62b8; }
circle.ms { fill: #a35200; }
circle.broken { fill: none; }
.grid { stroke: #8884; }
line.knee { stroke: #888; stroke-dasharray: 2 3; }
@media (prefers-color-scheme: dark) {
.ground { fill: #16181c; }
text { fill: #d0d3d8; }
text.usd { fill: #7cb4f7; }
text.ms { fill: #f0a860; }
polyline.usd, circle.usd { stroke: #7cb4f7; }
polyline.ms, circle.ms { stroke: #f0a860; }
circle.usd { fill: #7cb4f7; }
circle.ms { fill: #f0a860; }
circle.broken { fill: none; }
}
`;
