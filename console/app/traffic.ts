import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import { count, mebibytes } from '../look/words.ts';
import type { Api, Traffic } from './api.ts';
import { Chart, type Series } from './chart.ts';
import { useReading } from './reading.ts';

type Pace = { readonly minutes: number; readonly everyMs: number };

const QUICK: Pace = { minutes: 10, everyMs: 2000 };
// CloudWatch counts by the minute, and AWS charges for each question.
const BY_THE_MINUTE: Pace = { minutes: 60, everyMs: 60_000 };
const MOST_PIECES = 120;

/** How requests go, moving: shares, requests, errors, latencies, memory. */
export function TrafficCharts({ api, name }: { api: Api; name: string }) {
  const [{ minutes, everyMs }, setPace] = useState(QUICK);
  const { value, error } = useReading<Traffic>(api, `models/${name}/traffic`, {
    everyMs,
    query: { minutes },
  });
  const isByTheMinute = (value?.everySeconds ?? 0) >= 60;
  useEffect(() => {
    if (isByTheMinute) setPace(BY_THE_MINUTE);
  }, [isByTheMinute]);
  if (!value && error) return html`<p class="note"><${Theirs} text=${error.message} /></p>`;
  if (!value) return html`<div class="card waiting" aria-busy="true"></div>`;
  const { nowMs, now, points } = value;
  const fromMs = nowMs - minutes * 60_000;
  const revisions = [...new Set([...points, ...now].map(({ revision }) => revision))];
  const pieces = piecesOf(value, fromMs);
  const span = { fromMs, untilMs: nowMs };
  const memory = now.reduce((sum, { memoryMiB }) => sum + (memoryMiB ?? 0), 0);
  const asked = points.reduce((sum, { requests }) => sum + requests, 0);
  const failed = points.reduce((sum, { errors }) => sum + errors, 0);
  const weights = now.reduce((sum, { share }) => sum + (share ?? 0), 0) || 1;
  return html`
    <section class="stack" aria-labelledby="traffic">
      <div class="row"><h2 id="traffic">Requests</h2><span class="soft">the last ${minutes} minutes${isByTheMinute ? '; CloudWatch counts a minute or two late' : ''}</span></div>
      <dl class="figures card">
        <div><dt>Requests</dt><dd>${count(asked)}</dd></div>
        <div><dt>Errors</dt><dd class=${failed > 0 ? 'fault' : ''}>${count(failed)}</dd></div>
        <div><dt>Memory</dt><dd>${memory > 0 ? mebibytes(memory) : '–'}</dd></div>
        <div><dt>Shares</dt><dd>${now.length === 0 ? '–' : now.filter(({ share }) => (share ?? 0) > 0).map(({ revision, share }) => html`<span class="share">${versionOf(revision)} ${Math.round((100 * (share ?? 0)) / weights)} %</span> `)}</dd></div>
      </dl>
      <div class="charts">
        <div class="card pad"><${Chart} title="Requests a second" series=${ratesOf(pieces, revisions)} ...${span} words=${(value: number) => (value < 10 ? value.toFixed(1) : count(Math.round(value)))} atLeast=${1} nothing="no requests" /></div>
        <div class="card pad"><${Chart} title="Time to answer" firstColour=${3} series=${latenciesOf(pieces)} ...${span} words=${milliseconds} atLeast=${1} nothing="no requests" /></div>
        <div class="card pad"><${Chart} title="Share of the traffic" series=${sharesOf(value, { revisions, fromMs })} ...${span} words=${(value: number) => `${Math.round(value)} %`} atLeast=${100} isStep=${true} nothing="no version has traffic" /></div>
        <div class="card pad"><${Chart} title="Errors a second" series=${errorsOf(pieces)} ...${span} words=${(value: number) => value.toFixed(1)} atLeast=${1} nothing="no errors" /></div>
      </div>
    </section>
  `;
}

const versionOf = (revision: string) => revision.replace(/^.*-v(\d+)$/, 'v$1');
const milliseconds = (value: number) =>
  value < 10
    ? `${value.toFixed(1)} ms`
    : value < 10_000
      ? `${Math.round(value)} ms`
      : `${Math.round(value / 1000)} s`;

type Point = Traffic['points'][number];
type Piece = { readonly atMs: number; readonly seconds: number; readonly points: readonly Point[] };

/** Equal pieces of the time, so that a moment without requests is drawn as none. */
function piecesOf({ points, nowMs, everySeconds }: Traffic, fromMs: number): readonly Piece[] {
  const length = Math.max((nowMs - fromMs) / MOST_PIECES, everySeconds * 1000);
  // Pieces keep their places while time goes on.
  const first = Math.floor(fromMs / length);
  const places = new Map<number, Point[]>();
  for (const point of points) {
    const place = Math.floor(point.atMs / length);
    const at = places.get(place);
    if (at) at.push(point);
    else places.set(place, [point]);
  }
  return Array.from({ length: Math.ceil((nowMs - fromMs) / length) }, (_, index) => ({
    atMs: (first + index + 0.5) * length,
    seconds: length / 1000,
    points: places.get(first + index) ?? [],
  }));
}

function ratesOf(pieces: readonly Piece[], revisions: readonly string[]): readonly Series[] {
  return revisions.map((revision) => {
    const isOf = (point: Point) => point.revision === revision;
    // Before its first request a version has no line, which would hide those of others.
    const first = pieces.findIndex(({ points }) => points.some(isOf));
    return {
      name: versionOf(revision),
      points: pieces.map(({ atMs, seconds, points }, at) => ({
        atMs,
        value:
          first === -1 || at < first - 1
            ? null
            : points.filter(isOf).reduce((sum, { requests }) => sum + requests, 0) / seconds,
      })),
    };
  });
}

function latenciesOf(pieces: readonly Piece[]): readonly Series[] {
  const most = (points: readonly Point[], key: 'p50Ms' | 'p99Ms') => {
    const known = points.flatMap((point) => point[key] ?? []);
    return known.length > 0 ? Math.max(...known) : null;
  };
  return (['p50Ms', 'p99Ms'] as const).map((key) => ({
    name: key.replace('Ms', ''),
    points: pieces.map(({ atMs, points }) => ({ atMs, value: most(points, key) })),
  }));
}

function errorsOf(pieces: readonly Piece[]): readonly Series[] {
  return [
    {
      name: '5xx',
      points: pieces.map(({ atMs, seconds, points }) => ({
        atMs,
        value: points.reduce((sum, { errors }) => sum + errors, 0) / seconds,
      })),
    },
  ];
}

/** A share holds until it is another. */
function sharesOf(
  { points, now, nowMs }: Traffic,
  { revisions, fromMs }: { readonly revisions: readonly string[]; readonly fromMs: number },
): readonly Series[] {
  return revisions.map((revision) => {
    const changes = points
      .filter((point) => point.revision === revision)
      .map(({ atMs, share }) => ({ atMs, value: share ?? 0 }));
    const last = now.find((each) => each.revision === revision)?.share ?? 0;
    // Without a change it has been so all along.
    const before = changes.length === 0 ? [{ atMs: fromMs, value: last }] : [];
    return {
      name: versionOf(revision),
      points: [...before, ...changes, { atMs: nowMs, value: last }],
    };
  });
}
