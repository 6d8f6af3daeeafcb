import type { Command } from 'commander';
import { awsOptions, examples, type Place, show } from '../command.ts';
import {
  createdLines,
  createKey,
  type KeyOptions,
  keyLines,
  listKeys,
  openKeys,
  revokeKey,
} from '../keys.ts';

/** Adds the commands for the API keys that callers of models need in AWS. */
export function addKeyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description('Makes, lists and revokes the keys that callers of models need in AWS.');

  keyCommand(keys, 'create <name>', 'Makes a key and shows it, only this once.')
    .option('--models <names>', 'the models it may call, separated by commas')
    .option('--all', 'it may call all models, including later ones')
    .addHelpText('after', examples('slipway keys create ci --models digits,shapes --stage prod'))
    .action(async (name: string, options: Place & KeyOptions) => {
      const opened = await openKeys(options);
      const created = await createKey(opened.keys, name, options);
      show(options, created, createdLines(created, opened.endpoint));
    });

  keyCommand(keys, 'list', 'Shows the keys, oldest first, without the keys themselves.')
    .addHelpText('after', examples('slipway keys list --stage prod'))
    .action(async (options: Place) => {
      const listed = await listKeys((await openKeys(options)).keys);
      show(options, listed, keyLines(listed));
    });

  keyCommand(keys, 'revoke <id>', 'Revokes a key: from now on it is refused.')
    .addHelpText('after', examples('slipway keys revoke 8d746fb3cb67a169 --stage prod'))
    .action(async (id: string, options: Place) => {
      await revokeKey((await openKeys(options)).keys, id);
      show(options, { id, revoked: true }, [`${id} is revoked`]);
    });
}

function keyCommand(keys: Command, name: string, description: string): Command {
  return awsOptions(keys.command(name).description(description)).option(
    '--json',
    'print JSON for programs',
  );
}
