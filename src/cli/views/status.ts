import type { Storage } from '#control/data-folder.ts';
import type { ModelStatus, RefusedDrop } from '#control/models.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import { limitedWords, spentWords } from '#domain/placement/spending.ts';
import type { WallsReport } from '#domain/walls.ts';
import { printableLine } from '../terminal.ts';
import { byteWords } from './byte-words.ts';
import { buildWords } from './live-lines.ts';
import { wrapped } from './wrapped.ts';

const INDENT = '  ';
// Less is shown as $0.00.
const LEAST_SHOWN_USD = 0.005;

/** The models, the builds under way, and the drops that were not deployed. */
export type Status = {
  readonly models: readonly ModelStatus[];
  readonly builds: readonly BuildProgress[];
  readonly refused: readonly RefusedDrop[];
  /** Null where nobody counts it. */
  readonly storage: Storage | null;
  /** Null where each model is in a container of its own. */
  readonly walls: WallsReport | null;
};

/** Each model: what is live and where, and the state of its newest deployment when that is another; then the drops that were not deployed. Only an address, or a command as it has to be typed, makes a line wider than `width` columns. */
export function statusLines(
  { models, builds, refused, storage, walls }: Status,
  width: number,
): readonly string[] {
  const drops = [
    ...refusedLines(refused, width),
    ...storageLines(storage, width),
    ...wallsLines(walls, width),
  ];
  if (models.length === 0) {
    return [
      ...wrapped('no models yet; drop one with `slipway push MODEL.onnx`', width, ''),
      ...drops,
    ];
  }
  return [...models.flatMap((model) => modelLines(model, builds, width)), ...drops];
}

function modelLines(
  model: ModelStatus,
  builds: readonly BuildProgress[],
  width: number,
): readonly string[] {
  const { name, endpoint, live, newest, versions, repairs, unproven, alerts } = model;
  if (live === null && (newest === null || newest.phase === 'Live')) return [`${name}  undeployed`];
  const build = builds.findLast(({ deploymentId }) => deploymentId === newest?.id);
  const isOther = newest !== null && newest.version !== live?.version;
  const notes = [
    ...alerts.map(({ reason, fix }) => `${reason} → ${fix}`),
    ...(unproven ? [unproven] : []),
    ...(isOther ? [`newest: ${standing(newest, versions, build)}`] : []),
    ...(repairs ? [mending(repairs)] : []),
    ...versions.flatMap(damaged),
    ...versions.flatMap((each) => (each.version === live?.version ? advised(each) : [])),
    ...spentSince(model),
  ];
  return [
    ...(live
      ? inOneOrTwo(
          `${name}  v${live.version}${tagsOf(live, versions)} live on ${live.target}`,
          endpoint,
          width,
        )
      : [`${name}  nothing live`]),
    ...notes.flatMap((note) => wrapped(`${INDENT}(${note})`, width, `${INDENT} `)),
    ...(build?.lines ?? []).flatMap((line) =>
      wrapped(INDENT.repeat(2) + printableLine(line), width, INDENT.repeat(2)),
    ),
  ];
}

/** The names of a version, as ` (v1.2)`; empty where it has none. */
function tagsOf(
  { version }: Pick<ModelStatus['versions'][number], 'version'>,
  versions: ModelStatus['versions'],
): string {
  const { tags = [] } = versions.find((each) => each.version === version) ?? {};
  return tags.length > 0 ? ` (${tags.join(', ')})` : '';
}

function inOneOrTwo(first: string, second: string, width: number): readonly string[] {
  const together = `${first}${INDENT}${second}`;
  return together.length <= width ? [together] : [first, `${INDENT}${second}`];
}

/** The state of the newest deployment; for one that was live, what became of it. */
function standing(
  { version, phase, trouble, waitsFor }: NonNullable<ModelStatus['newest']>,
  versions: ModelStatus['versions'],
  build: BuildProgress | undefined,
): string {
  const words = build && buildWords(build);
  const said = waitsFor ?? words;
  const stage = said && said !== phase.toLowerCase() ? `, ${said}` : '';
  const reason = trouble ? `, ${trouble.reason.split('\n')[0]}` : stage;
  const wasLive = phase === 'Live' && versions.find((each) => each.version === version);
  return `${version === null ? '' : `v${version} `}${wasLive ? wasLive.state : phase}${reason}`;
}

function damaged({ version, damage }: ModelStatus['versions'][number]): readonly string[] {
  return damage ? [`v${version} is damaged: ${damage.reason} → ${damage.fix}`] : [];
}

function advised({ advice }: ModelStatus['versions'][number]): readonly string[] {
  if (!advice) return [];
  const { reason, fix, savesUsd } = advice;
  const saved = savesUsd > 0 ? `$${savesUsd.toFixed(2)} a month less: ` : '';
  return [`${saved}${reason} → ${fix}`];
}

/** Silent where no cap is set and nothing was spent. */
function spentSince({ spent, live }: ModelStatus): readonly string[] {
  if (!spent) return [];
  const { usd, maxMonthlyUsd, most, unmetered, isSpent } = spent;
  if (maxMonthlyUsd === null) return usd < LEAST_SHOWN_USD ? [] : [spentWords(spent, isSpent)];
  const limited = live && most !== null ? [limitedWords(live.target, most)] : [];
  const cap = `the cap maxMonthlyUsd is $${maxMonthlyUsd}`;
  return [[`${spentWords(spent, isSpent)}; ${cap}`, ...limited].join(', '), unmetered ?? []].flat();
}

function mending({ inARow, notBeforeMs }: NonNullable<ModelStatus['repairs']>): string {
  return `repaired ${inARow} times in a row, and not again before ${new Date(notBeforeMs).toISOString()}`;
}

function refusedLines(refused: readonly RefusedDrop[], width: number): readonly string[] {
  if (refused.length === 0) return [];
  return [
    '',
    ...wrapped('not deployed (`slipway events` has older ones), newest first:', width, ''),
    ...refused.flatMap(({ state, reason }) =>
      wrapped(`${INDENT}${state}  ${inShort(reason)}`, width, INDENT.repeat(2)),
    ),
  ];
}

/** Silent while a prune would free nothing. */
function storageLines(storage: Storage | null, width: number): readonly string[] {
  if (!storage?.prunableBytes) return [];
  const { objectBytes, prunableBytes } = storage;
  const line = `objects hold ${byteWords(objectBytes)}; \`slipway prune\` would free ${byteWords(prunableBytes)}`;
  return ['', ...wrapped(line, width, '')];
}

/** As the Slipway that runs found them when it started; silent while a model's code can do nothing that `slipway doctor` would warn of. */
function wallsLines(walls: WallsReport | null, width: number): readonly string[] {
  if (!walls || walls.open.length === 0) return [];
  const { says, open, refuses } = walls;
  const line = `walls: ${says}; ${refuses ? 'models that Python loads are refused' : `a model with hostile code ${open.join('; ')}`}`;
  return ['', ...wrapped(line, width, '')];
}

/** The part after a semicolon says more, such as the rule. */
function inShort(reason: string): string {
  const [line = ''] = reason.split('\n');
  return line.split('; ')[0] ?? '';
}
