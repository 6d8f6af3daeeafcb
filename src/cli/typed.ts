import { createRequire } from 'node:module';
import { basename, delimiter, dirname } from 'node:path';

type Start = {
  /** The script that Node runs, as it was named. */
  readonly script: string;
  /** The npm command that started the program, if npm did. */
  readonly npmCommand: string | undefined;
  /** The package that npm was told to bring for this one command. */
  readonly npmPackage: string | undefined;
  /** The published package has bundled JavaScript alone. */
  readonly isClone: boolean;
  /** The folders of the shell's commands. */
  readonly path: string;
};

const { version }: { version: string } = createRequire(import.meta.url)('../../package.json');

/**
 * The words by which a person starts the program again.
 * The name in npm's registry is not this project's: where npx finds nothing installed it would bring a stranger's package, so each spelling keeps it from looking there.
 */
export function commandOf({ script, npmCommand, npmPackage, isClone, path }: Start): string {
  const isOnPath = npmCommand === undefined && path.split(delimiter).includes(dirname(script));
  if (isOnPath && basename(script) === 'slipway') return 'slipway';
  if (isClone) return 'npm run -s slipway --';
  if (!script.includes('/_npx/')) return 'npx --no -- slipway';
  return `npx --package=${npmPackage ?? `./slipway-${version}.tgz`} -- slipway`;
}

export const COMMAND = commandOf({
  script: process.argv[1] ?? '',
  npmCommand: process.env['npm_command'],
  npmPackage: process.env['npm_config_package'],
  isClone: import.meta.url.endsWith('.ts'),
  path: process.env['PATH'] ?? '',
});

/** A text for a person, whose commands, written `slipway …`, are as they have to be typed here. */
export function asTyped(text: string, command = COMMAND): string {
  return text.replaceAll(/`slipway (?=[a-z-])/g, `\`${command} `);
}

/** The same of a help page, whose commands stand in no quotes. */
export function helpAsTyped(text: string, command = COMMAND): string {
  return asTyped(text, command).replaceAll(
    /(?<=Usage: |^ {2}|^ {2}SLIPWAY_KEY=… |^ {2}source <\()slipway (?=[a-z[])/gm,
    `${command} `,
  );
}
