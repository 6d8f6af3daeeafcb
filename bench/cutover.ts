// Lets two versions of a model take turns under load, with the model server that ships. Counts lost requests and answers of the wrong version, and measures the latency.
// `node bench/cutover.ts [--requests 100000] [--rate 1250] [--cutovers 50] [--rolled-back 20] [--target fargate]`; with `--target both` each cutover is a move between Lambda and Fargate, as one machine has them
import { parseArgs } from 'node:util';
import { runCutovers } from '../test/support/cutover/run.ts';
import { across, latencies, lost, strays } from '../test/support/cutover/verdict.ts';
import { row } from './figures.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '1250' },
    cutovers: { type: 'string', default: '50' },
    'rolled-back': { type: 'string', default: '20' },
    target: { type: 'string', default: 'fargate' },
  },
});
const TARGETS = ['lambda', 'fargate', 'both'] as const;
const run = await runCutovers({
  requests: Number(values.requests),
  rate: Number(values.rate),
  cutovers: Number(values.cutovers),
  rolledBack: Number(values['rolled-back']),
  target: TARGETS.find((each) => each === values.target) ?? 'fargate',
});

const count = (...kinds: readonly string[]) =>
  run.seen.filter(({ kind }) => kinds.includes(kind)).length;
const firstMs = run.seen.reduce((first, { startMs }) => Math.min(first, startMs), Infinity);
const lastMs = run.seen.reduce((last, { endMs }) => Math.max(last, endMs), 0);
console.log(`${values.cutovers} cutovers, ${values['rolled-back']} rolled back`);
console.log(row('requests', String(run.seen.length)));
const reached = (run.seen.length / (lastMs - firstMs)) * 1_000;
console.log(row('  a second', `${reached.toFixed(0)} (short ones wished: ${values.rate})`));
console.log(row('  on new connections', String(count('fresh', 'stream'))));
console.log(row('  slow / streamed', `${count('slow')} / ${count('stream')}`));
console.log(
  row(
    '  in flight at a shift',
    `${across(run, ['slow'])} slow, ${across(run, ['stream'])} streamed, ${across(run, ['kept', 'fresh'])} short`,
  ),
);
console.log(row('lost', String(lost(run).length)));
console.log(row('wrong version', String(strays(run).length)));
for (const { kind, fault } of lost(run).slice(0, 5)) console.log(`  ${kind}: ${fault}`);

const took = latencies(run);
const at = (sorted: readonly number[], share: number) =>
  sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
console.log('short requests, ms (p50 / p99, of how many)');
for (const [when, name] of [
  ['steady', 'steady'],
  ['near', 'within 200 ms of a shift'],
  ['moving', 'a version starts or stops'],
] as const) {
  const sorted = took[when];
  console.log(
    row(name, `${at(sorted, 0.5).toFixed(1)} / ${at(sorted, 0.99).toFixed(1)}, ${sorted.length}`),
  );
}
console.log(
  row('p99 near / steady', `× ${(at(took.near, 0.99) / at(took.steady, 0.99)).toFixed(2)}`),
);
