import { html } from '../look/html.ts';
import { relative } from '../look/words.ts';

/** A line of a chart: its values by time; null where nothing is known. */
export type Series = {
  readonly name: string;
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
};

type Props = {
  readonly title: string;
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** How a value is written. */
  readonly words: (value: number) => string;
  /** The least that the height stands for. */
  readonly atLeast: number;
  readonly isStep?: boolean;
  /** The colour of the first line, from 1 to 4: versions have the first two in every chart. */
  readonly firstColour?: number;
  /** The text in it while no value is known, or all are 0. */
  readonly nothing: string;
};

const WIDTH = 480;
const HEIGHT = 120;
const FOOT = 4;

/** A chart of a few lines over time, in the colours of the style sheet. Its label gives the last values to screen readers. */
export function Chart(props: Props) {
  const {
    title,
    series,
    fromMs,
    untilMs,
    words,
    atLeast,
    isStep = false,
    firstColour = 1,
    nothing,
  } = props;
  const values = series.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const isKnown = values.some((value) => value !== 0);
  const top = Math.max(atLeast, ...values) * 1.08;
  const x = (atMs: number) => ((atMs - fromMs) / Math.max(1, untilMs - fromMs)) * WIDTH;
  const y = (value: number) => HEIGHT - FOOT - (value / top) * (HEIGHT - 2 * FOOT);
  const said = series.map(({ name, points }) => {
    const last = points.findLast(({ value }) => value !== null)?.value ?? null;
    return { name, last };
  });
  const colour = (index: number) => `series-${((index + firstColour - 1) % 4) + 1}`;
  const spoken = said.map(
    ({ name, last }) => `${name}: ${last === null ? 'nothing' : words(last)}`,
  );
  return html`
    <figure class="chart">
      <figcaption class="row">
        <span class="label">${title}</span>
        <span class="push row keys small">${said.map(
          ({ name, last }, index) =>
            html`<span class="key ${colour(index)}">${name} <strong>${last === null ? '–' : words(last)}</strong></span>`,
        )}</span>
      </figcaption>
      <div class="plot">
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${`${title}, up to ${words(top / 1.08)}. ${spoken.join('; ')}`}>
          <line class="foot" x1="0" x2=${WIDTH} y1=${HEIGHT - FOOT} y2=${HEIGHT - FOOT} />
          ${isKnown && html`<line class="grid" x1="0" x2=${WIDTH} y1=${y(top / 2.16)} y2=${y(top / 2.16)} />`}
          ${series.map(
            ({ points }, index) => html`
              <path class="line ${colour(index)}" d=${pathOf(points, { x, y, isStep })} />
              <path class="line dot ${colour(index)}" d=${dotsOf(points, { x, y })} />
            `,
          )}
        </svg>
        ${!isKnown && html`<span class="nothing small soft" aria-hidden="true">${nothing}</span>`}
        <span class="most small soft" aria-hidden="true">${words(top / 1.08)}</span>
      </div>
      <div class="times row small soft" aria-hidden="true"><span>${relative(fromMs, untilMs)}</span><span class="push">now</span></div>
    </figure>
  `;
}

type Scale = {
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
  readonly isStep: boolean;
};

/** The points without a neighbour, which no line would show. */
function dotsOf(points: Series['points'], { x, y }: Pick<Scale, 'x' | 'y'>): string {
  const isKnown = (at: number) => (points[at]?.value ?? null) !== null;
  return points
    .map(({ atMs, value }, at) =>
      value === null || isKnown(at - 1) || isKnown(at + 1)
        ? ''
        : `M${x(atMs).toFixed(1)} ${y(value).toFixed(1)}h0`,
    )
    .join('');
}

/** The path of a line, which breaks where nothing is known. */
function pathOf(points: Series['points'], { x, y, isStep }: Scale): string {
  let isOpen = false;
  return points
    .map(({ atMs, value }) => {
      if (value === null) {
        isOpen = false;
        return '';
      }
      const at = `${x(atMs).toFixed(1)} ${y(value).toFixed(1)}`;
      const to = isOpen
        ? isStep
          ? `H${x(atMs).toFixed(1)}V${y(value).toFixed(1)}`
          : `L${at}`
        : `M${at}h0`;
      isOpen = true;
      return to;
    })
    .join('');
}
