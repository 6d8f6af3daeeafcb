import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { dataFolder, examples, unusedDataOption } from '../command.ts';
import { candidatesFor } from '../completion/candidates.ts';
import { completionScript, FILES_MARK, SHELLS, type Shell } from '../completion/scripts.ts';
import { openOneMachine } from '../one-machine.ts';
import { tell } from '../terminal.ts';

// Nobody waits longer after pressing a key.
const PATIENCE_MS = '1000';
const AWS: readonly string[] = ['--stage', '--profile', '--region'];

/** Prints the script by which a shell completes the command line. */
export function addCompletionCommands(program: Command): void {
  program
    .command('completion')
    .description(
      'Prints a script by which a shell completes commands, options and models, and which defines `slipway` there if it is not installed.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addOption(unusedDataOption())
    .addHelpText(
      'after',
      examples(
        'source <(slipway completion bash)     in ~/.bashrc',
        'source <(slipway completion zsh)      in ~/.zshrc, after compinit',
        'slipway completion fish | source      in ~/.config/fish/config.fish',
      ),
    )
    .action((shell: Shell) => {
      const script = process.argv[1] ?? '';
      tell(completionScript(shell, [process.execPath, resolve(script)]));
    });

  program
    .command('complete', { hidden: true })
    .description(
      'Prints the possible completions of the last word, one on each line, for the script of a shell.',
    )
    .argument('[words...]', 'what follows the name of the program, up to the cursor')
    .option('--patience <ms>', 'how long to wait for the names of models', PATIENCE_MS)
    .action(async (words: readonly string[], { patience }: { readonly patience: string }) => {
      const names = (typed: readonly string[]) => modelNames(typed, Number(patience));
      const found = await candidatesFor(program, words, names);
      if (found.kind === 'files') return tell(FILES_MARK);
      for (const { value, about } of found.words) tell(`${value}\t${about}`);
    });
}

/** Empty for an account, which takes seconds to answer, and where no Slipway answers soon. */
async function modelNames(
  words: readonly string[],
  patienceMs: number,
): Promise<readonly string[]> {
  const isAws = AWS.some((option) => words.includes(option)) || process.env['SLIPWAY_STAGE'];
  if (isAws) return [];
  const at = words.indexOf('--data');
  const data = (at >= 0 && words[at + 1]) || dataFolder();
  const late = new Promise<readonly string[]>((resolve) => {
    setTimeout(resolve, patienceMs, []).unref();
  });
  return Promise.race([namesIn(data).catch(() => []), late]);
}

async function namesIn(dataDir: string): Promise<readonly string[]> {
  return (await (await openOneMachine(dataDir)).listModels({ costs: false })).models.map(
    ({ name }) => name,
  );
}
