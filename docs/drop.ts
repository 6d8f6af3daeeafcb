// Draws what a terminal shows of a drop, line by line as it comes: `npm -s start -- --once | node docs/drop.ts > docs/drop.svg`.
import { text } from 'node:stream/consumers';

const LINE_PX = 20;
const MARGIN_PX = 16;
const WIDTH_PX = 760;
/** A line of the workflow begins with the seconds since its drop; what has none comes with the line before it. */
const SECONDS = /^\s+(?<seconds>\d+\.\d+) s {2}/;
/** A reader follows a second of the workflow in three. */
const SLOWER = 3;

const lines = (await text(process.stdin)).trimEnd().split('\n');
let begins = 0;
const rows = lines.map((line, at) => {
  begins = Math.max(begins, Number(SECONDS.exec(line)?.groups?.['seconds'] ?? 0) * SLOWER);
  const y = MARGIN_PX + (at + 1) * LINE_PX;
  const style = `animation-delay:${begins.toFixed(2)}s`;
  return `<text x="${MARGIN_PX}" y="${y}" style="${style}">${escaped(line)}</text>`;
});
const height = 2 * MARGIN_PX + (lines.length + 0.5) * LINE_PX;

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH_PX} ${height}" width="${WIDTH_PX}" height="${height}" role="img" xml:space="preserve">
<title>A model is dropped in the bucket and answers at an endpoint</title>
<style>
rect { fill: #16191d }
text { fill: #d7dde4; font: 14px ui-monospace, Menlo, Consolas, monospace; white-space: pre; animation: shown .15s backwards }
@keyframes shown { from { opacity: 0 } }
@media (prefers-reduced-motion: reduce) { text { animation: none } }
</style>
<rect width="100%" height="100%" rx="8"/>
${rows.join('\n')}
</svg>
`);

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
