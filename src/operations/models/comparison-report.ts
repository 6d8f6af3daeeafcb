import { createHash } from 'node:crypto';
import type { ComparisonView, VersionDiff } from '#control/comparison.ts';
import { isAsGood, isWorse, type TruthEvidence, truthWords } from '#domain/comparison/truth.ts';
import { type Markup, markup, theirs } from './markup.ts';

type Answers = ComparisonView['answers'];
type Share = NonNullable<Answers['share']>;
type Distribution = NonNullable<Answers['distributions']>[number];
type Worst = NonNullable<Answers['worst']>[number];

/** The names of a model and of its two versions, as a person reads them. */
export type ReportNames = { readonly model: string; readonly from: string; readonly to: string };

/**
 * A comparison of two versions as one HTML page: the verdict and what decided it, what was asked, how often both answered what, and the answers that differ most.
 * The page has no script and asks for nothing: its own policy forbids both, so it can be kept and sent as a file.
 */
export function comparisonReport(
  { model, from, to }: ReportNames,
  { differences, comparison }: Pick<VersionDiff, 'differences' | 'comparison'>,
): string {
  const title = `${model}: ${to} beside ${from}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${STYLE_HASH}'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<h1>${theirs(model)}: ${theirs(to)} beside ${theirs(from)}</h1>
${comparison ? found(comparison) : NOT_COMPARED}
${section('Differences in what is known of both', differenceList(differences))}
${comparison ? answersOf(comparison.answers) : NOTHING}
</body>
</html>
`.html;
}

const NOTHING = markup``;

const NOT_COMPARED = markup`<p>These two versions were never compared by their answers: the newer one did not replace the older one.</p>`;

const DECISIONS: Readonly<Record<string, string>> = {
  passed: 'It went on.',
  declared: 'It went on, because its manifest says that it replaces that version.',
  asked: 'A person was asked.',
  blocked: 'It was rejected.',
};

const LEVELS: Readonly<Record<string, string>> = {
  artifacts: 'the artifacts alone, without a request',
  answers: 'the answers of both versions to the same requests',
  truth: 'the correct answers that are known',
  none: 'nothing: there was too little evidence',
};

function found(comparison: ComparisonView): Markup {
  const { verdict, level, decision, reason, answers, answered } = comparison;
  const { truth } = answers;
  const rows = [
    ['Decided by', LEVELS[level] ?? level],
    ['Test', testOf(level, answers)],
    ...(truth && level !== 'truth' ? [['Truth', truthTest(truthOf(truth))]] : []),
    ['What followed', DECISIONS[decision] ?? decision],
    ...(answered
      ? [
          [
            'Answer',
            theirs(`${answered.by} has ${answered.verdict} it, at ${dateOf(answered.atMs)}.`),
          ],
        ]
      : []),
  ] as const;
  return markup`<p class="verdict ${verdict}">${verdict}</p>
<p class="reason">${theirs(reason)}</p>
<table class="facts">${rows.map(([name, says]) => markup`<tr><th scope="row">${name}</th><td>${says}</td></tr>`)}</table>
${answers.share && answers.share.of > 0 ? shareBar(answers.share) : NOTHING}`;
}

function dateOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16)}Z`;
}

function testOf(level: string, { signs, share, truth }: Answers): string {
  if (level === 'artifacts') return 'a comparison of what is known of both artifacts';
  if (level === 'answers' && signs.length > 0) return 'signs of breakage in the answers';
  if (level === 'truth' && truth) return truthTest(truthOf(truth));
  if (!share || share.asked === 0) return 'none';
  return share.asked === share.of
    ? 'a count of all kept requests, which is exact'
    : `bets on requests in random order, drawn without replacement; right at every look with ${percent(share.confidence)} confidence`;
}

function truthTest(truth: TruthEvidence): string {
  const shown = isWorse(truth) ? 'worse' : isAsGood(truth) ? 'no worse' : 'of open quality';
  return `bets on the gain of each row, which show that it is ${shown}: ${truthWords(truth)}`;
}

/** The metric of an older command line's schema is any text. */
function truthOf(truth: NonNullable<Answers['truth']>): TruthEvidence {
  return { ...truth, metric: truth.metric === 'accuracy' ? 'accuracy' : 'absolute error' };
}

const WIDTH = 480;

/** The share of changed answers on a line from 0 to 100 %: the bounds as a bar, what was seen as a mark. */
function shareBar({ asked, changed, of, low, high }: Share): Markup {
  const at = (part: number) => Math.round(part * WIDTH * 10) / 10;
  const seen = asked === 0 ? 0 : changed / asked;
  const words =
    asked === of
      ? `${changed} of ${of} kept requests are answered otherwise: ${percent(seen)}`
      : `${changed} of ${asked} that were asked are answered otherwise: ${percent(low)} to ${percent(high)} of all ${of}`;
  return markup`<figure><figcaption>${words}</figcaption>
<svg class="share" preserveAspectRatio="none" viewBox="0 0 ${WIDTH} 16" role="img" aria-label="${words}"><rect class="ground" width="${WIDTH}" height="16"/><rect class="after" x="${at(low)}" width="${Math.max(2, at(high) - at(low))}" height="16"/><rect class="mark" x="${Math.min(WIDTH - 2, at(seen))}" width="2" height="16"/></svg></figure>`;
}

function section(title: string, content: Markup): Markup {
  return markup`<section><h2>${title}</h2>${content}</section>`;
}

function differenceList(differences: VersionDiff['differences']): Markup {
  if (differences.length === 0) return markup`<p>They do not differ in what is known of them.</p>`;
  return markup`<ul>${differences.map(({ weight, what }) => markup`<li><strong class="${weight === 'breaking' ? 'broken' : ''}">${weight}</strong> ${theirs(what)}</li>`)}</ul>`;
}

function answersOf(answers: Answers): Markup {
  const { sources = [], noisy, signs, declared = [], distributions = [], worst = [] } = answers;
  return markup`
${sources.length > 0 ? section('What was asked', sourceTable(sources, noisy)) : NOTHING}
${declared.length > 0 ? section('Declared in gate.expect', markup`<p>The answers of the version before are compared, and counted below, as the new version is declared to give them.</p><ul>${declared.map((clause) => markup`<li>${theirs(clause)}</li>`)}</ul>`) : NOTHING}
${signs.length > 0 ? section('Signs that it is broken', markup`<ul>${signs.map((sign) => markup`<li>${theirs(sign)}</li>`)}</ul>`) : NOTHING}
${distributions.length > 0 ? section('How often both answered what', markup`${distributions.map(distributionTable)}`) : NOTHING}
${worst.length > 0 ? section('The answers that differ most', worstTable(worst)) : NOTHING}`;
}

function sourceTable(sources: NonNullable<Answers['sources']>, noisy: number): Markup {
  return markup`<table><tr><th scope="col">Requests</th><th scope="col">asked</th><th scope="col">answered otherwise</th></tr>
${sources.map(({ from, asked, changed }) => markup`<tr><td>${from}</td><td class="number">${asked}</td><td class="number">${changed}</td></tr>`)}
</table>${noisy > 0 ? markup`<p>${noisy} more count for nothing, because the version before answers each of them in more than one way.</p>` : NOTHING}`;
}

const BAR = 200;

function distributionTable({ place, moved, bins }: Distribution): Markup {
  const all = bins.reduce((sum, { before }) => sum + before, 0);
  const most = Math.max(1, ...bins.flatMap(({ before, after }) => [before, after]));
  const bar = (side: 'before' | 'after', count: number) =>
    markup`<td><svg class="bar" viewBox="0 0 ${BAR} 12" role="img" aria-label="${count}"><rect class="${side}" width="${Math.round((BAR * count * 10) / most) / 10}" height="12"/></svg> ${count}</td>`;
  return markup`<table><caption>${theirs(place)}${moved === undefined ? '' : `: ${moved} of ${all} differ`}</caption><tr><th scope="col">Answer</th><th scope="col">before</th><th scope="col">now</th></tr>
${bins.map(({ name, before, after }) => markup`<tr><th scope="row">${theirs(name)}</th>${bar('before', before)}${bar('after', after)}</tr>`)}
</table>`;
}

function worstTable(worst: readonly Worst[]): Markup {
  const isHidden = worst.some(({ request }) => request === undefined);
  return markup`<table><tr><th scope="col">Request</th><th scope="col">apart</th><th scope="col">before</th><th scope="col">now</th></tr>
${worst.map(worstRow)}
</table>${isHidden ? markup`<p>What clients send and get is not shown: a report outlives the keys of kept requests.</p>` : NOTHING}`;
}

function worstRow({ what, distance, differs, request, before, after }: Worst): Markup {
  const answers =
    request === undefined
      ? markup`<td colspan="2">${theirs(differs)}</td>`
      : markup`<td><code>${theirs(before ?? '')}</code></td><td><code>${theirs(after ?? '')}</code></td>`;
  return markup`<tr><td>${theirs(what)}${request === undefined ? NOTHING : markup`<br><code>${theirs(request)}</code><br><small>${theirs(differs)}</small>`}</td><td class="number">${percent(distance)}</td>${answers}</tr>`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --before: #8a8f98; --after: #2f7de1; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
caption { text-align: start; font-weight: 600; }
th, td { text-align: start; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); font-weight: 400; }
th[scope=col] { font-weight: 600; }
.facts th { width: 10rem; font-weight: 600; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.reason { white-space: pre-wrap; }
.verdict { display: inline-block; font-weight: 700; padding: .1rem .7rem; border-radius: 1rem; border: 1px solid currentColor; }
.same { color: #1a8f4c; }
.changed { color: #b06a00; }
.broken { color: #d03030; }
.bar { width: 12rem; height: .75rem; vertical-align: middle; }
.share { width: 100%; max-width: 40rem; height: 1rem; }
.ground { fill: var(--line); }
.before { fill: var(--before); }
.after { fill: var(--after); }
.mark { fill: currentColor; }
figure { margin: 1rem 0; }
`;

const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
