import { isAbsolute, join } from 'node:path';
import { Command } from 'commander';
import { Failure } from '#domain/failure.ts';
import { ROOT } from '#operations/root.ts';
import { examples, show } from '../command.ts';
import { addStartCommand, readStartOptions } from './start-command.ts';

/** Adds the command that installs Slipway as a service of systemd. */
export function addServiceCommand(program: Command): void {
  const service = program
    .command('service')
    .description('Installs Slipway as a service of this machine, which systemd starts.');

  service
    .command('install [options...]')
    .description(
      'Writes a unit of systemd that runs `slipway start` as a user of its own, hardened, with the options that come after `--`.',
    )
    .option('--print', 'only print the unit')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'slipway service install --print',
        'slipway service install -- --host 0.0.0.0 --allowed-host models.example',
      ),
    )
    .action(async (options: readonly string[], how: { print?: boolean; json?: boolean }) => {
      await requireStartOptions(options);
      const { serviceFiles, SERVICE_DATA, SERVICE_USER } = await import(
        '#operations/service/unit.ts'
      );
      const { installService, SERVICE_PATHS } = await import('#operations/service/install.ts');
      const files = serviceFiles({
        node: process.execPath,
        script: join(ROOT, 'slipway.js'),
        options,
      });
      if (how.print) return show(how, files, files.unit.trimEnd().split('\n'));
      await installService(files);
      show(how, { ...SERVICE_PATHS, user: SERVICE_USER, data: SERVICE_DATA }, [
        `${SERVICE_PATHS.unit} runs Slipway as ${SERVICE_USER}, with its data in ${SERVICE_DATA}.`,
        'To start it now and at each boot: systemctl enable --now slipway',
      ]);
    });
}

/** Fails as `slipway start` does for options that it would not take: a service that ends at once says so to nobody. */
async function requireStartOptions(options: readonly string[]): Promise<void> {
  const program = new Command('slipway').exitOverride().configureOutput({ writeErr: () => {} });
  addStartCommand(program, async (asked) => {
    const { tlsCert, tlsKey } = readStartOptions(asked);
    const relative = [tlsCert, tlsKey].find((path) => path !== undefined && !isAbsolute(path));
    if (relative === undefined) return;
    throw new Failure('InputInvalid', `${relative} is no absolute path`, {
      fix: 'Give the whole path: the service runs in another folder.',
    });
  });
  await program.parseAsync(['start', ...options], { from: 'user' });
  if (!options.some((option) => /^--data(=|$)/.test(option))) return;
  throw new Failure('InputInvalid', 'the service has a data folder of its own', {
    fix: 'Leave --data out; `slipway restore` brings another folder there.',
  });
}
