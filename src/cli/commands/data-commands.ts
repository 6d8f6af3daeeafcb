import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackedUp, Bad, Pruned, Scrubbed } from '#control/data-folder.ts';
import { agree } from '../agree.ts';
import { type Common, examples, localCommand, show } from '../command.ts';
import { lastOf, runOnFolder } from '../data-jobs.ts';
import { sinceIn } from '../log-query.ts';
import { commandOutput } from '../output.ts';
import { auditLines } from '../views/audit-lines.ts';
import { byteWords } from '../views/byte-words.ts';

/** Adds the commands that look after the data folder of one machine. */
export function addDataCommands(program: Command): void {
  addScrub(program);
  addPrune(program);
  addBackup(program);
  addRestore(program);
  addAudit(program);
}

function addScrub(program: Command): void {
  localCommand(
    program,
    'scrub',
    'Reads all objects and the results of builds, and names those that are corrupted; copies them again from the bucket if it has the right bytes. Exits with 1 if something stays corrupted.',
  )
    .addHelpText('after', examples('slipway scrub', 'slipway scrub --json'))
    .action(async (options: Common) => {
      const output = commandOutput(options);
      const here = async (
        folder: Parameters<typeof import('#operations/data-folder/scrub.ts').scrub>[0],
      ) => (await import('#operations/data-folder/scrub.ts')).scrub(folder);
      const found = await runOnFolder<Scrubbed>(
        options.data,
        { there: ({ scrub }) => scrub(), here },
        output,
      );
      const { checked, bytes, bad, mended } = found;
      for (const name of mended) output.line(`mended  ${name} was taken again from the bucket`);
      for (const line of badLines(bad)) output.line(line);
      output.line(
        `read ${checked} objects and folders, ${byteWords(bytes)}; ${bad.length} are bad`,
      );
      output.data(found);
      process.exitCode = bad.length === 0 ? 0 : 1;
    });
}

function addPrune(program: Command): void {
  localCommand(
    program,
    'prune',
    'Removes the objects that are needed by neither the bucket, nor a version that can start, nor a deployment, after showing how much that is and asking.',
  )
    .option('--dry-run', 'only say what would be removed')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('slipway prune --dry-run', 'slipway prune --yes'))
    .action(async (options: Common & { dryRun?: boolean; yes?: boolean }) => {
      const output = commandOutput(options);
      const run = (isDryRun: boolean) =>
        runOnFolder<Pruned>(
          options.data,
          {
            there: (machine) => machine.prune({ dryRun: isDryRun }),
            here: async (folder) =>
              (await import('#operations/data-folder/prune.ts')).prune(folder, isDryRun),
          },
          output,
        );
      const wanted = await run(true);
      const isOver = options.dryRun || wanted.objects === 0;
      if (isOver || !options.yes) output.line(pruneLine(wanted));
      if (isOver) return output.data(wanted);
      if (!options.yes) {
        await agree('prune', {
          refusal: 'nothing was removed',
          fix: 'Use --yes to remove them without being asked, or --dry-run only to see them.',
        });
      }
      const pruned = await run(false);
      output.line(pruneLine(pruned));
      output.data(pruned);
    });
}

function addBackup(program: Command): void {
  localCommand(
    program,
    'backup <dir>',
    'Copies the registry, and the objects and built folders that it needs, to a folder, while Slipway runs; the next backup there copies only what is new or corrupted there. Exits with 1 if something could not be copied.',
  )
    .option('--link', 'make hard links instead of copies, on the same disk')
    .addHelpText('after', examples('slipway backup /mnt/backups/slipway'))
    .action(async (dir: string, options: Common & { link?: boolean }) => {
      const output = commandOutput(options);
      const isLinked = options.link ?? false;
      const to = resolve(dir);
      const made = await runOnFolder<BackedUp>(
        options.data,
        {
          there: (machine) => machine.backup({ to, link: isLinked }),
          here: async (folder) =>
            (await import('#operations/data-folder/backup.ts')).backUp(folder, to, {
              isLinked,
              nowMs: Date.now(),
            }),
        },
        output,
      );
      for (const name of made.mended) {
        output.line(`mended  ${name} had other bytes in the backup, and was copied again`);
      }
      for (const line of badLines(made.bad)) output.line(line);
      output.line(
        `${to} has ${soundObjects(made)} objects, ${made.copied} of them copied now (${byteWords(made.copiedBytes)})`,
      );
      output.data(made);
      process.exitCode = made.bad.length === 0 ? 0 : 1;
    });
}

function addRestore(program: Command): void {
  localCommand(
    program,
    'restore <dir>',
    'Makes a data folder from a backup: a new one, or one that has lost its registry. Exits with 1 if the backup lacks something.',
  )
    .addHelpText('after', examples('slipway restore /mnt/backups/slipway --data /srv/slipway'))
    .action(async (dir: string, options: Common) => {
      const output = commandOutput(options);
      const { restore } = await import('#operations/data-folder/restore.ts');
      const made = await lastOf(restore(dir, options.data), output);
      for (const line of badLines(made.bad)) output.line(line);
      output.line(
        `${options.data} has the registry and ${soundObjects(made)} objects; start it with \`slipway start --data ${options.data}\``,
      );
      output.data(made);
      process.exitCode = made.bad.length === 0 ? 0 : 1;
    });
}

function soundObjects({ objects, bad }: { objects: number; bad: readonly Bad[] }): number {
  return objects - bad.filter(({ name }) => name.startsWith('objects/')).length;
}

function badLines(bad: readonly Bad[]): readonly string[] {
  return bad.flatMap(({ reason, fix, models }) => [
    `bad     ${reason}${models.length > 0 ? `; needed by ${models.join(', ')}` : ''}`,
    `        → ${fix}`,
  ]);
}

function pruneLine({ isDryRun, objects, bytes, keptObjects, keptBytes }: Pruned): string {
  const removed = `${objects} objects, ${byteWords(bytes)}`;
  const kept = `${keptObjects} stay, ${byteWords(keptBytes)}`;
  if (objects === 0) return `nothing to remove: ${kept}`;
  return isDryRun ? `would remove ${removed}; ${kept}` : `removed ${removed}; ${kept}`;
}

function addAudit(program: Command): void {
  localCommand(
    program,
    'audit',
    'Shows who has changed what: over the control API, with keys, over the S3 API and at the console.',
  )
    .option('--since <time>', 'only what was done since then: 10m, 2h, 7d, or a time (ISO 8601)')
    .addHelpText('after', examples('slipway audit --since 7d', 'slipway audit --json'))
    .action(async (options: Common & { since?: string }) => {
      const { since } = options;
      const sinceMs = since === undefined ? 0 : sinceIn(since, Date.now());
      const { readAudit } = await import('#operations/access/read-audit.ts');
      const entries = await readAudit(options.data, sinceMs);
      show(options, entries, auditLines(entries));
    });
}
