import { resolve } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { Failure } from '#domain/failure.ts';
import {
  HOOKS,
  type Hook,
  initRepository,
  openCheckout,
  openPushed,
  usualRepository,
} from '#operations/git/repository.ts';
import { ROOT } from '#operations/root.ts';
import { asksForContainers } from '../ask-containers.ts';
import {
  accountOf,
  type Common,
  collected,
  examples,
  localCommand,
  openSlipway,
  type Place,
  placedCommand,
} from '../command.ts';
import { openOneMachine } from '../one-machine.ts';
import { commandOutput, type Output } from '../output.ts';

/** Adds the commands for models that come by `git push`. */
export function addGitCommands(program: Command): void {
  const git = program
    .command('git')
    .description(
      'Deploys the models of a Git repository: by git push on this machine, by a CI job in AWS.',
    );
  addInit(git);
  addDeploy(git);
  addHook(git);
}

function addInit(git: Command): void {
  localCommand(
    git,
    'init [folder]',
    'Makes a bare repository, by default models.git in the data folder: a push to its main deploys each models/NAME/ that changed. If you run it again, it writes the hooks again.',
  )
    .option(
      '--dvc-remote <folder>',
      'a folder that is a remote of DVC, from which pointers may be resolved; repeatable',
      collected,
      [],
    )
    .addHelpText('after', examples('slipway git init', 'slipway git init /srv/models.git'))
    .action(
      async (named: string | undefined, options: Common & { dvcRemote: readonly string[] }) => {
        const output = commandOutput(options);
        const folder = named === undefined ? usualRepository(options.data) : resolve(named);
        await initRepository({
          folder,
          dataDir: options.data,
          command: [process.execPath, `${ROOT}slipway.js`],
          dvcRemotes: options.dvcRemote,
          environment: process.env,
        });
        output.line(`${folder} deploys what is pushed to its main`);
        output.line('In your own repository, with each model in models/NAME/:');
        output.line(`  git remote add slipway ${folder}`);
        output.line('  git push slipway main');
        output.data({ repository: folder });
      },
    );
}

type DeployOptions = Place & {
  readonly repository?: string;
  readonly before?: string;
  readonly after?: string;
  readonly yes?: boolean;
};

function addDeploy(git: Command): void {
  placedCommand(
    git,
    'deploy',
    'Deploys each models/NAME/ that differs between two commits of a checkout, as a CI job does. Without commits, deploys what is not deployed yet of main in the repository that `slipway git init` made. Exits with 1 unless all of it is live.',
  )
    .option('--before <commit>', 'the commit that was deployed last; all zeros for none')
    .option('--after <commit>', 'the commit to deploy (default with --before: HEAD)')
    .option('--repository <folder>', 'the checkout (default: this folder), or the repository')
    .option('--yes', 'turn containers on without asking, in AWS, if a model needs one')
    .addHelpText(
      'after',
      examples(
        'slipway git deploy --stage prod --before "$BEFORE" --after "$GITHUB_SHA"',
        'slipway git deploy',
      ),
    )
    .action(async (options: DeployOptions) => {
      const output = commandOutput(options);
      const isWhole = await (options.before === undefined && options.after === undefined
        ? deployPushed(options, output)
        : deployRange(options, output));
      output.data({ live: isWhole });
      process.exitCode = isWhole ? 0 : 1;
    });
}

async function deployPushed(options: DeployOptions, output: Output): Promise<boolean> {
  const { data, repository, server } = options;
  if (accountOf(options) || server !== undefined) {
    throw new Failure('InputInvalid', 'which commits to deploy there is not said', {
      fix: 'Name them: --before COMMIT --after COMMIT. Zeros as the first deploy all models.',
    });
  }
  const { deployMain } = await import('../git/hooks.ts');
  return deployMain({
    repository: await openPushed(resolve(repository ?? usualRepository(data)), data, process.env),
    slipway: await openOneMachine(data),
    checksum: 'sha256',
    output,
  });
}

async function deployRange(options: DeployOptions, output: Output): Promise<boolean> {
  const { before: from, after: to = 'HEAD', repository: folder = '.', yes = false } = options;
  const { beginChanged, commitNamed, followAll, inspectChanged } = await import('../git/models.ts');
  const repository = await openCheckout(folder, process.env);
  const before = from === undefined ? null : await commitNamed(repository, from);
  const after = await commitNamed(repository, to);
  const account = accountOf(options);
  const place = { repository, output, checksum: account ? 'crc64nvme' : 'sha256' } as const;
  if (after === null) {
    output.line('the branch was removed: nothing is deployed');
    return true;
  }
  // All are inspected before the first is uploaded, as a push is.
  if (!(await inspectChanged(place, { before, after }))) return false;
  const slipway = await openSlipway(options);
  const asks = account && asksForContainers({ account, yes, tell: output.line });
  const { begun, isWhole } = await beginChanged(place, slipway, { before, after });
  return (await followAll(slipway, begun, { output, asks })) && isWhole;
}

type HookOptions = Common & { readonly repository: string };

function addHook(git: Command): void {
  const hook = git
    .command('hook', { hidden: true })
    .description('Does the work of a hook of the repository, for Git alone.')
    .addArgument(new Argument('<hook>').choices(HOOKS))
    .addOption(new Option('--repository <folder>').makeOptionMandatory())
    .addOption(new Option('--data <dir>').makeOptionMandatory());
  hook.action(async (name: Hook, { repository, data }: HookOptions) => {
    const { runHook } = await import('../git/hooks.ts');
    const isTaken = await runHook(name, { repository, data }, commandOutput({}));
    process.exitCode = isTaken ? 0 : 1;
  });
}
