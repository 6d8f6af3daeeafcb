import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Explanation } from '#control/explanation.ts';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { agree } from '../agree.ts';
import { carryOut } from '../asked.ts';
import {
  examples,
  openSlipway,
  type Place,
  placedCommand,
  show,
  versionNumber,
} from '../command.ts';
import type { DiffOptions } from '../diff.ts';
import { commandOutput, type Output } from '../output.ts';

/** Adds the commands for the versions of a model, on one machine and in AWS alike. */
export function addVersionCommands(program: Command): void {
  addVersions(program);
  addExplain(program);
  addDiff(program);
  addRollback(program);
  addAbort(program);
  addUndeploy(program);
}

function addVersions(program: Command): void {
  placedCommand(program, 'versions <model>', 'Shows the versions that went live, newest first.')
    .addHelpText('after', examples('slipway versions digits'))
    .action(async (model: string, options: Place) => {
      const slipway = await openSlipway(options);
      const { versions } = await slipway.listVersions({ name: model });
      const { versionLines } = await import('../views/versions.ts');
      show(options, { versions }, versionLines(model, versions));
    });
}

function addExplain(program: Command): void {
  placedCommand(
    program,
    'explain <model>',
    'Shows why a version runs where it runs, what the other targets would cost, and how it was proven.',
  )
    .option('--version <n>', 'the version to explain (default: the live one)', versionNumber)
    .option('--svg <file>', 'draw its bill and its p95 against the memory of its function')
    .addHelpText(
      'after',
      examples(
        'slipway explain digits',
        'slipway explain digits --version 2 --json',
        'slipway explain digits --svg digits.svg',
      ),
    )
    .action(async (model: string, options: Place & { version?: number; svg?: string }) => {
      const slipway = await openSlipway(options);
      const explained = await slipway.explainVersion({ name: model, version: options.version });
      const { svg } = options;
      if (svg === undefined) {
        const { explanationLines } = await import('../views/explain.ts');
        return show(options, explained, explanationLines(explained));
      }
      await writeCurve(svg, await requireCurve(explained));
      show(options, { file: svg }, [`the curve is in ${svg}`]);
    });
}

async function writeCurve(path: string, curve: string): Promise<void> {
  await writeFile(path, curve).catch((cause: Error) => {
    throw new Failure('InputInvalid', `${path} cannot be written: ${cause.message}`, { cause });
  });
}

/** Fails with `InputInvalid` for a version that no bill has weighed on a function. */
async function requireCurve(explained: Explanation): Promise<string> {
  const { placementCurve } = await import('#operations/models/placement-curve.ts');
  const curve = placementCurve(explained);
  if (curve !== undefined) return curve;
  throw new Failure(
    'InputInvalid',
    `${explained.model} has no curve: its build measured no request, or it needs a GPU`,
    { fix: '`slipway explain` without --svg says why it runs where it runs.' },
  );
}

function addDiff(program: Command): void {
  placedCommand(
    program,
    'diff <model>',
    'Shows how two versions differ: in their inputs and outputs, in their artifacts, and in the answers that were compared. Given a file or folder (./iris.onnx) instead of a model, compares it with the live version, without deploying it.',
  )
    .option('--from <n>', 'the older version (default: the one that was compared)', versionNumber)
    .option('--to <n>', 'the newer version (default: the live one)', versionNumber)
    .option('--name <name>', "the model of a file (default: the file's name without its ending)")
    .option(
      '--report <file>',
      'write a page with the verdict, both distributions and the answers that differ most',
    )
    .addHelpText(
      'after',
      examples(
        'slipway diff digits',
        'slipway diff digits --from 3 --to 5 --report digits.html',
        'slipway diff ./digits.onnx --report digits.html',
      ),
    )
    .action(async (asked: string, options: DiffOptions) => {
      const { diff } = await import('../diff.ts');
      const { diffLines } = await import('../views/diff.ts');
      const { model, found, ...names } = await diff(asked, options, commandOutput(options));
      const { report } = options;
      if (report === undefined) return show(options, found, diffLines({ model, ...names }, found));
      const { comparisonReport } = await import('#operations/models/comparison-report.ts');
      const page = comparisonReport({ model, ...names }, found);
      // Examples may say what only some should read.
      await writeFile(report, page, { mode: 0o600 });
      show(options, { file: report }, [`the report is in ${report}`]);
    });
}

function addRollback(program: Command): void {
  placedCommand(
    program,
    'rollback <model>',
    'Makes the previous version live again; if a deployment is under way, it is aborted instead. Exits with 1 if there is nothing to do.',
  )
    .option('--to <version>', 'make this version live: its number, or its tag', versionOrTag)
    .addHelpText(
      'after',
      examples(
        'slipway rollback digits',
        'slipway rollback digits --to 3',
        'slipway rollback digits --to release-1.2',
      ),
    )
    .action(async (model: string, options: Place & { to?: VersionOrTag }) => {
      const { slipway, output } = await open(options);
      const asked = { name: model, ...options.to };
      const outcome = await carryOut({ slipway, model, output }, () => slipway.rollBack(asked));
      process.exitCode = outcome === 'done' ? 0 : 1;
    });
}

type VersionOrTag = { readonly to: number } | { readonly tag: string };

/** Digits alone are a number, also where there is such a tag. */
function versionOrTag(text: string): VersionOrTag {
  return /^\d+$/.test(text) ? { to: versionNumber(text) } : { tag: text };
}

function addAbort(program: Command): void {
  placedCommand(
    program,
    'abort <model>',
    'Aborts the deployment that is under way; the live version stays live. Exits with 1 if there is none.',
  )
    .addHelpText('after', examples('slipway abort digits'))
    .action(async (model: string, options: Place) => {
      const { slipway, output } = await open(options);
      const outcome = await carryOut({ slipway, model, output }, () =>
        slipway.abort({ name: model }),
      );
      process.exitCode = outcome === 'done' ? 0 : 1;
    });
}

function addUndeploy(program: Command): void {
  placedCommand(
    program,
    'undeploy <model>',
    'Removes a model, its endpoint and all its versions, after showing them and asking; also aborts a deployment that is under way.',
  )
    .aliases(['delete', 'rm'])
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('slipway undeploy digits', 'slipway undeploy digits --yes'))
    .action(async (model: string, options: Place & { yes?: boolean }) => {
      const { slipway, output } = await open(options);
      const { versions } = await slipway.listVersions({ name: model });
      const kept = versions.filter(({ state }) => state !== 'Removed');
      output.line(`undeploy ${model}`);
      if (kept.some(({ state }) => state === 'Live')) {
        output.line(`  removes its endpoint ${slipway.endpoint(model)}`);
      }
      for (const { revision, target, state } of kept) {
        output.line(`  removes ${revision} on ${target}, ${state}`);
      }
      output.line('  keeps   its uploaded files, and its history');
      if (!options.yes) {
        await agree(model, {
          refusal: 'nothing was removed',
          fix: 'Use --yes to remove all of this without being asked.',
        });
      }
      const outcome = await carryOut({ slipway, model, output }, () =>
        slipway.undeploy({ name: model }),
      );
      // A model that is gone already is as its user wants it.
      process.exitCode = outcome === 'failed' ? 1 : 0;
    });
}

async function open(options: Place): Promise<{ slipway: Slipway; output: Output }> {
  return { slipway: await openSlipway(options), output: commandOutput(options) };
}
