import type { Explanation } from '#control/explanation.ts';
import { missingCaveat } from '#domain/artifact/caveat.ts';
import { UNPROVEN } from '#domain/rollout/golden-verdict.ts';
import { artifactName } from './artifact-name.ts';
import { comparisonLines } from './diff.ts';
import { table } from './table.ts';
import { isIdle, weighingLines } from './weighing.ts';

type Conversion = NonNullable<NonNullable<Explanation['runtime']>['proof']>['conversion'];

const CPU_UNITS_PER_VCPU = 1024;
const FACT_WIDTH = 11;
const INDENT = `\n${' '.repeat(FACT_WIDTH)}`;

/** Tells a person what was decided and found for a version: one fact per line, then a table of the targets. */
export function explanationLines(explained: Explanation): readonly string[] {
  const { target, trouble, options } = explained;
  const facts = [
    ['state', stateOf(explained)],
    ['artifact', artifactOf(explained)],
    ['dropped by', dropperOf(explained)],
    ['made by', explained.runtime?.framework],
    ['served by', servedBy(explained)],
    ['missing', missingCaveat(explained.artifact.format)],
    ['measured', measuredOf(explained)],
    ['batches', batchesOf(explained)],
    ['built on', builtOn(explained)],
    ['image', imageOf(explained)],
    ['started', startOf(explained)],
    ['promoted', promotedFrom(explained)],
    ['proven by', proofOf(explained)],
    ['compared', comparedOf(explained)],
    ['report', reportOf(explained)],
    ['shift', shiftOf(explained)],
    ['bake', bakeOf(explained)],
    ['trouble', trouble && [trouble.reason, trouble.fix].filter(Boolean).join(' → ')],
  ];
  return [
    `${nameOf(explained)}${target ? ` on ${target}` : ''}${isIdle(explained) ? ', not live' : ''}  (${deploymentOf(explained)})`,
    ...facts.flatMap(([fact, says]) =>
      says ? `${fact?.padEnd(FACT_WIDTH)}${says}`.replaceAll('\n', INDENT).split('\n') : [],
    ),
    ...(options.length > 0 ? ['', ...optionLines(options)] : []),
    ...weighingLines(explained),
  ];
}

function nameOf({ model, version }: Explanation): string {
  return version === null ? model : `${model} v${version}`;
}

function deploymentOf(explained: Explanation): string {
  const { deploymentId, phase } = explained;
  const isPast = isIdle(explained) && phase === 'Live';
  return `deployment ${deploymentId}: ${isPast ? 'it went Live' : phase}`;
}

function stateOf(explained: Explanation): string | null {
  if (!isIdle(explained)) return null;
  const { model, version, live = null, state } = explained;
  const other = live === null ? `nothing of ${model} is live` : `v${live} is live`;
  if (state === undefined) return `it has not gone live; ${other}`;
  return state === 'Retired'
    ? `Retired; ${other}. \`slipway rollback ${model} --to ${version}\` makes this one live again`
    : `${state}; ${other}`;
}

function artifactOf({ model, artifact }: Explanation): string {
  const { sizeBytes, format, parameters } = artifact;
  const facts = [
    bytes(sizeBytes),
    ...(format ? [format] : []),
    ...(parameters === null ? [] : [`${count(parameters)} parameters`]),
  ];
  return `${artifactName(model, artifact.key)}  ${facts.join(', ')}`;
}

function dropperOf({ artifact: { droppedBy } }: Explanation): string | null {
  if (!droppedBy) return null;
  const { requester, address, requestId, claims } = droppedBy;
  const words = [
    requester,
    address && `from ${address}`,
    requestId && `in the request ${requestId}`,
    claims && `who says to be ${claims}, which nobody has checked`,
  ];
  return words.filter(Boolean).join(', ');
}

function servedBy({ runtime }: Explanation): string | null {
  if (!runtime) return null;
  const server = runtime.title;
  const conversion = runtime.proof?.conversion;
  if (!conversion) return server;
  const { rows, maxDifference, nativeMicros, onnxMicros, reason } = conversion;
  const isCounted = reason.includes(`${rows} golden rows`);
  const compared =
    maxDifference === null
      ? ''
      : `${isCounted ? '' : `, ${rows} rows compared`}, ${Number(maxDifference.toPrecision(2))} apart`;
  const took =
    nativeMicros === null || onnxMicros === null
      ? ''
      : `; a row takes ${Math.round(nativeMicros)} µs in its framework, ${Math.round(onnxMicros)} as ONNX`;
  return `${server}: ${reason}${compared}${took}${quantizedOf(conversion)}`;
}

function quantizedOf({ int8 }: Conversion): string {
  if (!int8) return '';
  const { kept, reason, bytes: small = 0, fullBytes = 0 } = int8;
  if (!kept) return `\nnot in int8: ${reason}`;
  return `\nin int8, ${bytes(small)} instead of ${bytes(fullBytes)}: ${reason}`;
}

function measuredOf({ runtime }: Explanation): string | null {
  if (!runtime?.proof) return null;
  const { importMs, loadMs, peakBytes } = runtime.proof;
  const times = `imports in ${count(Math.round(importMs))} ms, loads in ${count(Math.round(loadMs))} ms`;
  const noQuota = runtime.noQuota ? `\nhalf a vCPU is extrapolated: ${runtime.noQuota}` : '';
  return `${times}, used ${bytes(peakBytes)} of memory${noQuota}`;
}

/** As much of a fingerprint as tells it from others. */
const SHOWN_DIGITS = 16;

function batchesOf({ runtime }: Explanation): string | null {
  const { batching } = runtime?.proof ?? {};
  if (!batching) return null;
  const { rows, reason } = batching;
  const says = rows > 1 ? `up to ${rows} rows of waiting requests` : 'none';
  return `${says}: ${reason}`;
}

function promotedFrom({ promotion }: Explanation): string | null {
  if (!promotion) return null;
  const { from, digest, needsApproval, approval, signed } = promotion;
  const answer = approval
    ? `; ${approval.by} has ${approval.verdict} it`
    : needsApproval
      ? '; nobody has approved it yet'
      : '';
  const key = signed
    ? `\nreleased by ${signed.by} at ${new Date(signed.atMs).toISOString()}, signed by the key ${signed.key.slice(0, SHOWN_DIGITS)}`
    : '';
  return `from ${from.place}, version ${from.version}: ${digest}${answer}${key}`;
}

function builtOn({ builtOn: machine }: Explanation): string | null {
  if (!machine) return null;
  const { name, vcpus, memoryGb, diskGb, usdPerMinute } = machine;
  const price = usdPerMinute === null ? '' : `, $${usdPerMinute} a minute in us-east-1`;
  return `${name}: ${vcpus} vCPUs, ${memoryGb} GB of memory and ${diskGb} of disk${price}`;
}

function imageOf({ image }: Explanation): string | null {
  if (!image) return null;
  const { compressedBytes, uncompressedBytes, layers, smoke } = image;
  const parts = layers ? ` in ${layers.length} layers` : '';
  const sizes = `${bytes(compressedBytes)} to pull${parts}, ${bytes(uncompressedBytes)} unpacked`;
  if (!smoke) return sizes;
  const used = `${sizes}; ready in ${count(smoke.startMs)} ms, then used ${bytes(smoke.peakBytes)} of memory`;
  const several = smoke.measured?.several;
  if (!several) return used;
  const { atOnce, peakBytes, ms } = several;
  return `${used}; ${bytes(peakBytes)} after ${atOnce} requests at once, one in ${Number(ms.toPrecision(3))} ms`;
}

function startOf({ start }: Explanation): string | null {
  if (!start) return null;
  const { seconds, expectedSeconds, notedStarts, fromSpare } = start;
  const from = fromSpare ? 'in a server that was started before' : 'from nothing to ready';
  const took = `${tenths(seconds)} s ${from}`;
  if (expectedSeconds === null) return took;
  return `${took}; ${tenths(expectedSeconds)} s were expected, by ${notedStarts} other starts of its kind`;
}

function proofOf({ proof }: Explanation): string | null {
  if (!proof) return null;
  const { sample, of, warning, latencyMs } = proof;
  if (sample === 'readiness') return `nothing; ${warning || UNPROVEN}`;
  const own =
    sample === 'example'
      ? 'its example, from the manifest, the artifact or the build'
      : `a request of zeros made from its signature, with free dimensions of ${sample}`;
  const by = of ? `the request that proved ${of.revision}, which was live then` : own;
  return `${by}, answered in ${count(Math.round(latencyMs))} ms${warning && `; ${warning}`}`;
}

function comparedOf({ comparison }: Explanation): string | null {
  if (!comparison) return null;
  return `with v${comparison.beside.version}: ${comparisonLines(comparison).join('\n')}`;
}

function reportOf({ model, version, comparison }: Explanation): string | null {
  if (!comparison || version === null) return null;
  return `slipway diff ${model} --from ${comparison.beside.version} --to ${version} --report FILE`;
}

function shiftOf({ shift, probes }: Explanation): string | null {
  if (!shift) return null;
  const steps = shift.steps.map(
    ({ percent, bakeSeconds }) => `${percent} % watched for ${bakeSeconds} s`,
  );
  return [
    `${shift.previous ? `from ${shift.previous}: ` : ''}${steps.join(', then ')}`,
    `${shift.done} of ${steps.length} done`,
    ...(probes?.sent ? [`${probes.sent} probes in the last, ${probes.failed} failed`] : []),
  ].join('; ');
}

function bakeOf({ judges = [] }: Explanation): string {
  return judges.map(({ judge, verdict, reason }) => `${judge} ${verdict}: ${reason}`).join('\n');
}

/** One row per target, with why it is taken or not. */
export function optionLines(options: Explanation['options']): readonly string[] {
  const rows = options.map(({ target, taken, memoryMiB, cpuUnits, instanceTypes, ...option }) => [
    `${taken ? '* ' : '  '}${target}`,
    count(memoryMiB),
    (cpuUnits / CPU_UNITS_PER_VCPU).toFixed(2),
    `~${tenths(option.coldStartSeconds)}`,
    option.monthlyUsd === null ? '-' : option.monthlyUsd.toFixed(2),
    [option.reason, ...(instanceTypes.length > 0 ? [`(${instanceTypes.join(', ')})`] : [])].join(
      ' ',
    ),
  ]);
  return table(['  TARGET', 'MEMORY MiB', 'vCPU', 'COLD START s', 'USD/MONTH IDLE', 'WHY'], rows);
}

function bytes(value: number): string {
  return `${count(value)} bytes`;
}

/** In whole seconds from ten on: an estimate says no more. */
function tenths(seconds: number): string {
  return count(seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
