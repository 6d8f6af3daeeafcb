/** Words that people know from other tools, and the commands that do the same here. */
const ALTERNATIVES: readonly (readonly [words: string, alternative: string])[] = [
  ['ps stat models model get show top info', '`slipway status` shows what is live, and where.'],
  ['describe why', '`slipway explain MODEL` shows why a model runs where it runs.'],
  [
    'run serve up launch',
    '`slipway start` starts Slipway on this machine; then `slipway push PATH` deploys a model.',
  ],
  [
    'upload add create publish import load register build',
    '`slipway push PATH` deploys a model; it builds what that needs.',
  ],
  [
    'predict infer call query request ask score chat curl',
    '`slipway invoke MODEL @FILE` sends a model what is in a file; JSON may stand there itself.',
  ],
  ['remove kill unload destroy drop del', '`slipway undeploy MODEL` takes a model away.'],
  [
    'stop down quit exit',
    'Ctrl-C stops Slipway where it was started; `slipway undeploy MODEL` takes a model away.',
  ],
  [
    'restart reload',
    'Stop Slipway by Ctrl-C, and start it by `slipway start`: its models are live again.',
  ],
  [
    'version',
    '`slipway versions MODEL` shows which versions a model has; --version says which Slipway this is.',
  ],
  ['history releases', '`slipway versions MODEL` shows which versions can start again.'],
  ['undo revert', '`slipway rollback MODEL` makes the version before live again.'],
  [
    'check validate lint test',
    '`slipway inspect PATH` says what a model is and how it would be served, `slipway doctor` what is missing here.',
  ],
  ['watch tail follow', '`slipway events --follow` shows what happens as it happens.'],
  [
    'web ui dashboard open docs',
    "A model's endpoint, which `slipway status` names, shows a browser a page that calls it.",
  ],
  [
    'login auth token key',
    'One machine needs no keys; in AWS `slipway keys create` makes one that a client sends.',
  ],
  [
    'init new install setup config configure',
    'Nothing has to be set up: `slipway start` starts Slipway. What a model needs beyond its file stands in its model.yaml: `slipway inspect PATH --write-manifest` writes one.',
  ],
  ['scale', "`scaling` in a model's model.yaml says how many replicas it has."],
];

const ALTERNATIVE_TO: ReadonlyMap<string, string> = new Map(
  ALTERNATIVES.flatMap(([words, alternative]) =>
    words.split(' ').map((word) => [word, alternative] as const),
  ),
);

/** The command to type instead of a word that is not a command, if one is known. */
export function alternativeTo(word: string): string | undefined {
  return ALTERNATIVE_TO.get(word.toLowerCase());
}
