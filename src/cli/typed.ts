import { basename } from 'node:path';

type Start = {
  /** The script that Node runs, as it was named. */
  readonly script: string;
  /** What npm was asked to do, where it started the program. */
  readonly npmCommand: string | undefined;
  /** The published package has bundled JavaScript alone. */
  readonly isClone: boolean;
};

/** What a person types to start the program again: in a clone there is no `slipway` on the path. */
export function commandOf({ script, npmCommand, isClone }: Start): string {
  if (npmCommand === 'exec') return 'npx slipway';
  if (basename(script) === 'slipway') return 'slipway';
  return isClone ? 'npm run -s slipway --' : 'npx slipway';
}

export const COMMAND = commandOf({
  script: process.argv[1] ?? '',
  npmCommand: process.env['npm_command'],
  isClone: import.meta.url.endsWith('.ts'),
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
