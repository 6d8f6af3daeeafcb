import type { Fared } from './sweep.ts';

const COLUMNS = [
  ['models', () => true],
  ['ONNX', ({ served }) => served === 'onnx'],
  ['natively', ({ served }) => served === 'python'],
  ['refused', ({ served }) => served === 'refused'],
  ['by its way', ({ byWay }) => byWay === true],
  ['not made', ({ served }) => served === 'not made'],
  ['400 though right', ({ refusedThoughRight = [] }) => refusedThoughRight.length > 0],
  ['200 though refused', ({ answeredThoughRefused = [] }) => answeredThoughRefused.length > 0],
  ['wrong', ({ wrong = [] }) => wrong.length > 0],
] as const satisfies readonly (readonly [string, (fared: Fared) => boolean])[];

/** A line for each family with how many of its models fared so, and one for all together. */
export function table(results: readonly Fared[]): string {
  const families = [...new Set(results.map(({ family }) => family))].sort();
  const width = Math.max(...families.map(({ length }) => length), 8);
  const line = (name: string, of: readonly Fared[]) =>
    [
      name.padEnd(width),
      ...COLUMNS.map(([title, is]) => String(of.filter(is).length).padStart(title.length)),
    ].join('  ');
  const head = ['family'.padEnd(width), ...COLUMNS.map(([title]) => title)].join('  ');
  const rows = results.reduce((sum, fared) => sum + (fared.rows ?? 0), 0);
  return [
    head,
    ...families.map((family) =>
      line(
        family,
        results.filter((each) => each.family === family),
      ),
    ),
    line('together', results),
    `${rows} rows were asked`,
  ].join('\n');
}

/** The faults of a model, each as one line. A refusal that names no fix is one, and so is a deployment that fails, or a way that does not serve. */
export function faultsOf({
  name,
  served,
  failed,
  byWay,
  says,
  wrong = [],
}: Fared): readonly string[] {
  const faults = wrong.map((each) => `${name}: ${each}`);
  if (served !== 'refused') return faults;
  if (failed || byWay === false) return [...faults, `${name}: ${says}`];
  return / \S/.test(says ?? '') ? faults : [...faults, `${name} is refused without a way: ${says}`];
}
