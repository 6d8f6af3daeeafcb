import type { Command } from 'commander';
import { Failure } from '#domain/failure.ts';
import { examples, type Place, placedCommand, show } from '../command.ts';
import {
  createdLines,
  createKey,
  type KeyOptions,
  keyLines,
  listKeys,
  openKeys,
  revokeKey,
} from '../keys.ts';

/** Adds the commands for the keys that callers of models need in AWS, and clients of the bucket's S3 API on one machine. */
export function addKeyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description(
      "Makes, lists and revokes keys: for callers of models, and on this machine for members of a team and for clients of the bucket's S3 API.",
    );

  placedCommand(keys, 'create <name>', 'Makes a key and shows it, only this once.')
    .option(
      '--models <names>',
      'the models it is for, separated by commas; team-a-* is all that begin with team-a-',
    )
    .option('--all', 'it is for all models, including later ones')
    .option('--expires <time>', 'when it expires: 12h, 30d, or a time (ISO 8601)')
    .option('--rate <rate>', 'on this machine: the most requests, as 10/s or 600/min')
    .option(
      '--calls',
      "on this machine: to call models from other machines, not for the bucket's S3 API",
    )
    .option(
      '--role <roles>',
      'on this machine: what it may do from other machines, separated by commas: see, drop, promote, call',
    )
    .option('--s3', "on this machine: with --role, a key of the bucket's S3 API (see, drop)")
    .addHelpText(
      'after',
      examples(
        'slipway keys create laptop --all',
        'slipway keys create ci --models "team-a-*" --role see,drop --expires 30d',
        'slipway keys create ci --models digits,shapes --stage prod',
      ),
    )
    .action(
      async (name: string, options: Place & KeyOptions & { calls?: boolean; s3?: boolean }) => {
        requireOneUse(options);
        const opened = await openKeys(options);
        const created = await createKey(opened.keys, name, options);
        show(options, created, createdLines(created, opened.endpoint));
      },
    );

  placedCommand(keys, 'list', 'Lists the keys, oldest first, without their secrets.')
    .addHelpText('after', examples('slipway keys list', 'slipway keys list --stage prod'))
    .action(async (options: Place) => {
      const listed = await listKeys((await openKeys(options)).keys);
      show(options, listed, keyLines(listed));
    });

  placedCommand(keys, 'revoke <id>', 'Revokes a key: from now on it is refused.')
    .addHelpText('after', examples('slipway keys revoke 8d746fb3cb67a169 --stage prod'))
    .action(async (id: string, options: Place) => {
      await revokeKey((await openKeys(options)).keys, id);
      show(options, { id, revoked: true }, [`${id} is revoked`]);
    });
}

function requireOneUse({ calls, role, s3 }: KeyOptions & { calls?: boolean; s3?: boolean }): void {
  if (!calls || (role === undefined && !s3)) return;
  const other = s3 ? '--s3' : '--role';
  throw new Failure('InputInvalid', `--calls and ${other} are given`, {
    fix: 'Give one of them: --calls is short for --role call.',
  });
}
