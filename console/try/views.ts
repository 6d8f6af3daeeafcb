import { useEffect, useRef } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import { plain } from '../look/words.ts';
import { type Bar, type Box, type Mark, shown, type View } from './answer.ts';
import type { Subject } from './inputs/input.ts';

type Of<Kind extends View['kind']> = Extract<View, { readonly kind: Kind }>;

/** Shows a part of an answer, with the picture or the text that it is about. Every name in it is somebody else's, and stays text. */
export function Shown({ view, subject }: { view: View; subject: Subject }) {
  switch (view.kind) {
    case 'bars':
      return html`<${Bars} view=${view} />`;
    case 'value':
      return html`<${Value} view=${view} />`;
    case 'text':
      return html`<div><${Title} text=${view.title} /><p class="try-text" dir="auto">${plain(view.text)}</p></div>`;
    case 'table':
      return html`<${Table} view=${view} />`;
    case 'boxes':
      return html`<${Boxes} boxes=${view.boxes} picture=${subject.picture ?? ''} />`;
    case 'marks':
      return html`<${Marks} marks=${view.marks} text=${subject.text ?? ''} />`;
    case 'line':
      return html`<${Line} view=${view} />`;
    case 'picture':
      return html`<${Picture} view=${view} />`;
  }
}

function Title({ text }: { text: string }) {
  return text === '' ? null : html`<h3 class="label"><${Theirs} text=${text} /></h3>`;
}

/** A share as a person says it; any other number keeps its digits. */
function scoreOf(score: number): string {
  if (score < 0 || score > 1) return shown(score);
  const percent = score * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent >= 99.95 && percent < 100 ? '> 99.9' : percent.toFixed(1)} %`;
}

function Bars({ view: { title, bars } }: { view: Of<'bars'> }) {
  const most = Math.max(1, ...bars.map(({ score }) => Math.abs(score)));
  return html`<div>
    ${title !== '' && html`<p class="try-value"><${Theirs} text=${title} /></p>`}
    <ul class=${title === '' && bars.length > 1 ? 'try-bars led' : 'try-bars'}>
      ${bars.map(
        ({ label, score }: Bar, at) => html`<li key=${at}>
          <span class="try-bar-label"><${Theirs} text=${label} /></span>
          <span class="number">${scoreOf(score)}</span>
          <span class="bar" aria-hidden="true"><span style=${{ width: `${(Math.abs(score) / most) * 100}%` }}></span></span>
        </li>`,
      )}
    </ul>
  </div>`;
}

function Value({ view: { title, value } }: { view: Of<'value'> }) {
  return html`<div><${Title} text=${title} /><p class="try-value"><${Theirs} text=${value} /></p></div>`;
}

function Table({ view: { columns, rows } }: { view: Of<'table'> }) {
  const isNumber = (at: number) =>
    rows.every((row) => row[at] === '' || Number.isFinite(Number(row[at])));
  const kinds = columns.map((_, at) => (isNumber(at) ? 'number' : ''));
  return html`<div class="scroll try-grid" tabindex="0" role="region" aria-label="The answer">
    <table class="table">
      <thead><tr><th></th>${columns.map((name, at) => html`<th scope="col" class=${kinds[at]}><${Theirs} text=${name} /></th>`)}</tr></thead>
      <tbody>${rows.map(
        (row, at) =>
          html`<tr key=${at}><th scope="row">${at + 1}</th>${row.map((cell, column) => html`<td class=${kinds[column]}><${Theirs} text=${cell} /></td>`)}</tr>`,
      )}</tbody>
    </table>
  </div>`;
}

const COLOURS = 4;

/** The boxes lie on the picture as a drawing of its own size; corners from 0 to 1 are parts of it. */
function Boxes({ boxes, picture }: { boxes: readonly Box[]; picture: string }) {
  const names = [...new Set(boxes.map(({ label }) => label))];
  const isPart = boxes.every(({ right, bottom }) => right <= 1.5 && bottom <= 1.5);
  const svg = useRef<SVGSVGElement>(null);
  const fit = ({ currentTarget }: { currentTarget: HTMLImageElement }) => {
    const { naturalWidth, naturalHeight } = currentTarget;
    svg.current?.setAttribute(
      'viewBox',
      isPart ? '0 0 1 1' : `0 0 ${naturalWidth} ${naturalHeight}`,
    );
  };
  return html`<div class="stack">
    ${
      picture !== '' &&
      html`<div class="try-boxes">
        <img src=${picture} alt="The picture, with a box around each thing that was found" onLoad=${fit} />
        <svg ref=${svg} preserveAspectRatio="none" aria-hidden="true">
          ${boxes.map(
            ({ label, left, top, right, bottom }, at) => html`<rect
              key=${at}
              class="series-${(names.indexOf(label) % COLOURS) + 1}"
              x=${left} y=${top} width=${Math.max(0, right - left)} height=${Math.max(0, bottom - top)}
            />`,
          )}
        </svg>
      </div>`
    }
    ${boxes.length === 0 && html`<p class="soft">Nothing was found in it.</p>`}
    <ul class="try-bars">
      ${boxes.map(
        ({ label, score }, at) => html`<li key=${at}>
          <span class="try-bar-label"><span class="try-key series-${(names.indexOf(label) % COLOURS) + 1}"></span><${Theirs} text=${label} /></span>
          <span class="number">${scoreOf(score)}</span>
        </li>`,
      )}
    </ul>
  </div>`;
}

function Marks({ marks, text }: { marks: readonly Mark[]; text: string }) {
  const sorted = marks.toSorted((a, b) => a.start - b.start);
  const names = [...new Set(sorted.map(({ label }) => label))];
  const pieces = sorted.flatMap((mark, at) => {
    const before = text.slice(sorted[at - 1]?.end ?? 0, mark.start);
    const title = scoreOf(mark.score);
    return [
      plain(before),
      html`<mark class="series-${(names.indexOf(mark.label) % COLOURS) + 1}" title=${title}>${plain(text.slice(mark.start, mark.end))}<small><${Theirs} text=${mark.label} /></small></mark>`,
    ];
  });
  if (marks.length === 0) return html`<p class="soft">Nothing was found in it.</p>`;
  return html`<p class="try-text try-marks" dir="auto">${pieces}${plain(text.slice(sorted.at(-1)?.end ?? 0))}</p>`;
}

const WIDE = 600;
const HIGH = 140;

function Line({ view: { title, values } }: { view: Of<'line'> }) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const span = most - least || 1;
  const x = (at: number) => (at / Math.max(1, values.length - 1)) * WIDE;
  const y = (value: number) => HIGH - ((value - least) / span) * HIGH;
  const path = values
    .map((value, at) => `${at === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
  return html`<figure class="try-line">
    <figcaption class="label"><${Theirs} text=${title} />: ${values.length} values from ${shown(least)} to ${shown(most)}</figcaption>
    <svg viewBox="0 -2 ${WIDE} ${HIGH + 4}" preserveAspectRatio="none" aria-hidden="true">
      ${least < 0 && most > 0 && html`<path class="try-zero" d="M0 ${y(0)}H${WIDE}" />`}
      <path d=${path} />
    </svg>
  </figure>`;
}

function Picture({ view: { title, width, height, rgb } }: { view: Of<'picture'> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = new ImageData(width, height);
    for (let at = 0; at < width * height; at += 1) {
      pixels.data.set([...rgb.slice(at * 3, at * 3 + 3), 255], at * 4);
    }
    canvas.current?.getContext('2d')?.putImageData(pixels, 0, 0);
  }, [rgb]);
  return html`<figure>
    <${Title} text=${title} />
    <canvas ref=${canvas} class="try-picture pixels" width=${width} height=${height} role="img" aria-label="The picture that was answered, ${width} × ${height}"></canvas>
  </figure>`;
}
