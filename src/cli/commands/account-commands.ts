import type { Command } from 'commander';
import {
  awsOptions,
  type Common,
  collected,
  examples,
  type Place,
  placedCommand,
  show,
} from '../command.ts';
import { deployToAws } from '../deploy.ts';
import { doctor, findingLines } from '../doctor.ts';
import { commandOutput } from '../output.ts';
import { uninstallFromAws } from '../uninstall.ts';

type AwsPlace = Omit<Place, 'data'>;

/** Adds the commands for an installation as a whole. */
export function addAccountCommands(program: Command): void {
  placedCommand(
    program,
    'doctor',
    'Checks for anything that keeps Slipway from working, in at most 20 s; changes nothing.',
  )
    .addHelpText('after', examples('slipway doctor', 'slipway doctor --stage prod'))
    .action(async (options: Place) => {
      const findings = await doctor(options);
      show(options, findings, findingLines(findings));
      process.exitCode = findings.some(({ result }) => result === 'fail') ? 1 : 0;
    });

  awsOptions(
    program
      .command('deploy')
      .description(
        'Deploys Slipway into an AWS account, after checking the account, showing the cost and asking.',
      ),
  )
    .option(
      '--param <name=value>',
      'a parameter of the stack, such as bakeSeconds=300; may be repeated',
      collected,
      [],
    )
    .option(
      '--containers <which>',
      'where models run that do not fit Lambda: public, isolated or off (default: as installed; off in a new stack)',
    )
    .option('--yes', 'do not ask')
    .option('--skip-doctor', 'deploy even if the account is not ready')
    .option('--print-policy', 'print the IAM policy that a deploy needs, and deploy nothing')
    .addHelpText(
      'after',
      examples(
        'slipway deploy --stage prod --region eu-west-1',
        'slipway deploy --stage prod --containers public --yes',
        'slipway deploy --stage prod --print-policy',
      ),
    )
    .action(async (options: Parameters<typeof deployToAws>[0]) => {
      process.exitCode = await deployToAws(options);
    });

  awsOptions(
    program
      .command('uninstall')
      .description(
        'Removes Slipway from an AWS account, after showing what is removed and asking.',
      ),
  )
    .option('--yes', 'do not ask')
    .option(
      '--delete-bucket',
      'also delete the bucket with all models, and that of the access logs',
    )
    .option('--delete-table', 'also delete the table with the registry')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'slipway uninstall --stage dev',
        'slipway uninstall --stage dev --yes --delete-bucket --delete-table',
      ),
    )
    .action(
      async (
        options: AwsPlace &
          Pick<Common, 'json'> & { yes?: boolean; deleteBucket?: boolean; deleteTable?: boolean },
      ) => {
        const output = commandOutput(options);
        const outcomes = await uninstallFromAws(options, output);
        output.data(outcomes);
        process.exitCode = outcomes.some(({ reason }) => reason !== '') ? 1 : 0;
      },
    );
}
