import type { Command } from 'commander';
import { awsOptions, type Common, examples } from '../command.ts';
import { commandOutput } from '../output.ts';
import type { proveInAws } from '../prove.ts';

/** Adds `prove`, for who lends Slipway an account of AWS for an hour. */
export function addProveCommand(program: Command): void {
  awsOptions(
    program
      .command('prove')
      .description(
        'Deploys a stage into your account, tests whether AWS behaves as Slipway assumes, removes the stage, and writes the observations to a signed file.',
      ),
  )
    .option('--gpu', 'also start a host with a GPU')
    .option('--yes', 'do not ask')
    .option('--skip-doctor', 'go on even if the account is not ready')
    .option('--out <file>', 'the file for the observations', 'slipway-evidence.json')
    .option('--check <file>', 'only check the signature of such a file, and show the file')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'slipway prove --stage proof --region eu-west-1',
        'slipway prove --check slipway-evidence.json',
      ),
    )
    .action(
      async (
        options: Parameters<typeof proveInAws>[0] & Pick<Common, 'json'> & { check?: string },
      ) => {
        const { checkEvidence, evidenceLines, isProven, proveInAws } = await import('../prove.ts');
        const output = commandOutput(options);
        if (options.check !== undefined) {
          const read = await checkEvidence(options.check);
          for (const line of evidenceLines(read.evidence)) output.line(line);
          output.line(`signed by ${read.fingerprint}`);
          output.data(read);
          return;
        }
        const evidence = await proveInAws(options, output);
        output.data(evidence);
        process.exitCode = isProven(evidence) ? 0 : 1;
      },
    );
}
