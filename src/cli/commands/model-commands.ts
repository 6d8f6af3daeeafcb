import type { Command } from 'commander';
import type { ModelStatus } from '#control/models.ts';
import type { Slipway } from '#control/slipway.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { unknownModel } from '#domain/unknown-model.ts';
import { asksForContainers } from '../ask-containers.ts';
import {
  accountOf,
  examples,
  openSlipway,
  type Place,
  placedCommand,
  show,
  unusedDataOption,
} from '../command.ts';
import { followLog } from '../follow-log.ts';
import { followedQuery, lastOf, linesOf, logsQuery, tailIn } from '../log-query.ts';
import { commandOutput } from '../output.ts';
import { patiently } from '../patience.ts';
import { tellAnswer } from '../terminal.ts';
import { eventLine } from '../views/event-line.ts';
import { terminalWidth } from '../views/wrapped.ts';

/** Adds the commands for models, on one machine and in AWS alike. */
export function addModelCommands(program: Command): void {
  addInspect(program);
  addPush(program);
  addInvoke(program);
  addStatus(program);
  addEvents(program);
  addLogs(program);
}

const byNumber = new Intl.Collator('en', { numeric: true });

type InspectOptions = { json?: boolean; writeManifest?: boolean; writePredict?: boolean };

function addInspect(program: Command): void {
  program
    .command('inspect <path>')
    .description(
      'Shows what a model (a file, folder or archive) is and how it would be served, from its bytes alone.',
    )
    .addOption(unusedDataOption())
    .option('--write-manifest', 'write a first model.yaml')
    .option('--write-predict', 'write a predict.py and a requirements.txt that would serve it')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples('slipway inspect model.joblib', 'slipway inspect ./my-folder --json'),
    )
    .action(async (path: string, options: InspectOptions) => {
      if (options.writePredict) {
        const { writePredict } = await import('#operations/inspection/write-predict.ts');
        const written = await writePredict(path);
        return show(options, { written }, [
          `wrote ${written.join(' and ')}`,
          ...(written.length > 1 ? [] : ['The requirements.txt that was there is unchanged.']),
          'Check that it answers correctly, then push the folder.',
        ]);
      }
      const { inspectPath } = await import('#operations/inspection/inspect-path.ts');
      const { inspectionLines, writeManifest } = await import('../inspect.ts');
      const found = await patiently((at) => inspectPath(path, at));
      if (!options.writeManifest) return show(options, found, inspectionLines(found));
      await writeManifest(found);
      const written = { ...found, hasManifest: true };
      show(options, written, [...inspectionLines(written), '', `wrote ${found.manifestFile}`]);
    });
}

function addPush(program: Command): void {
  placedCommand(
    program,
    'push <path>',
    'Uploads a model (a file, or a folder with its model.yaml) and follows its deployment.',
  )
    .option('--name <name>', "the model's name (default: the file's name without its ending)")
    .option(
      '--allow-breaking',
      'replace the live version even if its clients get errors or other answers',
    )
    .option('--yes', 'turn containers on without asking, in AWS, if the model needs one')
    .addHelpText(
      'after',
      examples(
        'slipway push digits.onnx',
        'slipway push ./my-folder --name digits',
        'slipway push digits.onnx --stage prod',
      ),
    )
    .action(
      async (
        path: string,
        options: Place & { name?: string; yes?: boolean; allowBreaking?: boolean },
      ) => {
        const output = commandOutput(options);
        const { name, yes = false, allowBreaking = false } = options;
        const account = accountOf(options);
        const asks = account && asksForContainers({ account, yes, tell: output.line });
        const { push } = await import('../push.ts');
        const end = await push(path, { name, output, allowBreaking, asks }, () =>
          openSlipway(options),
        );
        output.data(end);
        process.exitCode = ['Live', 'Ignored'].includes(end.detail.state) ? 0 : 1;
      },
    );
}

function addInvoke(program: Command): void {
  placedCommand(
    program,
    'invoke <model> [body]',
    "Sends a request to a model's endpoint and prints the answer.",
  )
    .option(
      '--body <json>',
      'what to send, which you may also give after the model: JSON, @FILE (JSON, CSV, JSON Lines, an image or sound, by its ending), or @- for standard input; without it the request is a GET',
    )
    .option('--path <path>', "below the model's endpoint", '/invocations')
    .option('--key <key>', 'the API key, in AWS (or SLIPWAY_KEY)')
    .addHelpText(
      'after',
      examples(
        'slipway invoke digits --body @request.json',
        "slipway invoke iris '[[5.1, 3.5, 1.4, 0.2]]'",
        'slipway invoke digits --path /ping',
        'SLIPWAY_KEY=… slipway invoke digits --body @request.json --stage prod',
      ),
    )
    .action(
      async (
        model: string,
        body: string | undefined,
        options: Place & { body?: string; path: string; key?: string },
      ) => {
        const { invoke } = await import('../invoke.ts');
        const { answer, heading, text } = await invoke(model, {
          ...(body && { body }),
          ...options,
        });
        show(options, answer, [heading]);
        if (!options.json) tellAnswer(text);
        process.exitCode = answer.status < 400 ? 0 : 1;
      },
    );
}

function addStatus(program: Command): void {
  placedCommand(
    program,
    'status [model]',
    'Shows each model, or the one named: its live version and target, and its newest deployment; and the newest drops that were not deployed.',
  )
    .aliases(['list', 'ls'])
    .addHelpText(
      'after',
      examples('slipway status', 'slipway status digits', 'slipway status --stage prod --json'),
    )
    .action(async (model: string | undefined, options: Place) => {
      const slipway = await openSlipway(options);
      const [{ models: all }, { refused: drops }, storage, walls] = await Promise.all([
        slipway.listModels({}),
        slipway.listRefused(),
        slipway.storage(),
        slipway.walls(),
      ]);
      const isShown = ({ name }: { name: string }) => model === undefined || name === model;
      const left = model === undefined ? all.filter(hasAnything) : all;
      const [unsorted, refused] = [left.filter(isShown), drops.filter(isShown)];
      if (model !== undefined && unsorted.length + refused.length === 0) {
        throw unknownModel(
          model,
          all.map(({ name }) => name),
        );
      }
      // m2 before m10.
      const models = unsorted.toSorted((a, b) => byNumber.compare(a.name, b.name));
      // In an account it takes rights of its own.
      const isBuilding = models.some(({ newest }) => newest?.phase === 'Building');
      const builds = isBuilding ? (await slipway.listBuilds()).builds : [];
      const status = { models, builds, refused, storage, walls };
      const { statusLines } = await import('../views/status.ts');
      show(options, status, statusLines(status, terminalWidth()));
    });
}

/** Not so of a name whose uploads were all refused, once that is undeployed. */
function hasAnything({ live, newest, versions }: ModelStatus): boolean {
  return live !== null || newest !== null || versions.length > 0;
}

type EventsOptions = { readonly model?: string; readonly follow?: boolean };

function addEvents(program: Command): void {
  placedCommand(program, 'events [model]', 'Shows the events, oldest first, or those of one model.')
    .option(
      '--model <name>',
      'only events of this model; you may also give the name after the command',
    )
    .option('-f, --follow', 'wait for new events')
    .addHelpText('after', examples('slipway events digits', 'slipway events --follow --json'))
    .action(async (named: string | undefined, options: Place & EventsOptions) => {
      const slipway = await openSlipway(options);
      const model = named ?? options.model;
      const events = await slipway.readEvents({ model, follow: options.follow ?? false });
      let count = 0;
      for await (const { event } of events) {
        count += 1;
        show(options, event, `${event.detail.time}  ${eventLine(event)}`.split('\n'));
      }
      if (count === 0) commandOutput(options).line(await noEvents(slipway, model));
    });
}

type LogsOptions = { readonly follow?: boolean; readonly tail?: number; readonly since?: string };

async function noEvents(slipway: Slipway, model: string | undefined): Promise<string> {
  if (model === undefined) return 'there are no events yet';
  const names = (await slipway.listModels({ costs: false })).models.map(({ name }) => name);
  const meant = nearestName(model, names);
  return `there are no events of ${model} yet${meant ? `; did you mean ${meant}?` : ''}`;
}

function addLogs(program: Command): void {
  placedCommand(
    program,
    'logs <model>',
    "Shows the last lines that the model's server wrote, and the last lines of a newer build that runs or has failed.",
  )
    .option('-f, --follow', 'print new ones as they come')
    .option(
      '-n, --tail <lines>',
      'how many of the last lines (default: 200; with --since 10,000)',
      tailIn,
    )
    .option(
      '--since <time>',
      'only lines written since then: how long ago (90s, 10m, 2h, 1d) or a time (2026-01-02T03:04:05Z)',
    )
    .addHelpText(
      'after',
      examples(
        'slipway logs digits',
        'slipway logs digits --follow --tail 20',
        'slipway logs digits --since 10m',
      ),
    )
    .action(async (model: string, options: Place & LogsOptions) => {
      const query = logsQuery(options);
      const slipway = await openSlipway(options);
      const followed = followedQuery(query);
      const looks = options.follow
        ? followLog(() => slipway.readLogs({ name: model, ...followed }))
        : [await slipway.readLogs({ name: model, ...query })];
      let isFirst = true;
      for await (const each of looks) {
        const found = isFirst ? lastOf(each, query.tail) : each;
        isFirst = false;
        show(options, found, linesOf(model, found, query));
      }
    });
}
