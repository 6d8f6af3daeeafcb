// `node test/support/walls/document.ts > docs/techniques.md`
import { ALL, HOSTILE_TECHNIQUES, kindOf, TECHNIQUES, type Technique, type Wall } from './walls.ts';

const WALLS: readonly Wall[] = [1, 2, 3];

const TESTS = {
  1: 'test/formats/walls.test.ts',
  2: 'test/python/walls.test.ts',
  3: 'test/python/walls-kernel.test.ts',
} as const;

/** docs/techniques.md as it is to be: each technique with the walls that hold it. */
export function techniquesDocument(): string {
  const kinds = [...new Set(TECHNIQUES.map(kindOf))];
  const counts = WALLS.map((wall) => ALL.filter(({ heldBy }) => heldBy.includes(wall)).length);
  return [
    '# Techniques',
    '',
    `This page is for people who want to check the walls of [security.md](security.md). It lists ${ALL.length} hostile files, each with a technique of its own, and says which walls stop each of them **while the other two are taken down**. ${TECHNIQUES.length} are in \`test/fixtures/walls\`, ${HOSTILE_TECHNIQUES.length} in \`test/fixtures/pickles/hostile\`. \`test/support/walls/document.ts\` writes this page, and a test compares it.`,
    '',
    '| wall | stops alone | test |',
    '|---|---|---|',
    `| 1, inspection | ${counts[0]} | \`${TESTS[1]}\`: loads nothing |`,
    `| 2, the loader | ${counts[1]} | \`${TESTS[2]}\`: nothing is inspected, the kernel refuses nothing |`,
    `| 3, the process | ${counts[2]} | \`${TESTS[3]}\`: the frameworks' own loaders, no list of names, no hook |`,
    '',
    'The column "effect without walls" says what the file did when all three walls were down, in a process and a folder of its own; the last test does this again. A wall that is not named did not stop the file. The second wall has no loader for manifests, requirements, ONNX and YAML tags; it was not tried on files of torch, Hugging Face, Keras and spaCy, whose frameworks are too large for these tests. The third wall does not prevent an effect within the process, but keeps it from being seen outside. The limits of the process stop files that only use up or end their process.',
    ...kinds.flatMap((kind) => section(kind, ofKind(kind))),
    ...section('pickles of test/fixtures/pickles/hostile', HOSTILE_TECHNIQUES),
    '',
  ].join('\n');
}

function ofKind(kind: string): readonly Technique[] {
  return TECHNIQUES.filter((each) => kindOf(each) === kind);
}

function section(title: string, rows: readonly Technique[]): readonly string[] {
  return [
    ...['', `## ${title}`, ''],
    ...['| technique | effect without walls | stopped by |', '|---|---|---|'],
    ...rows.map(
      ({ technique, effect, heldBy }) =>
        `| ${technique.replaceAll('|', '\\|')} | ${effect} | ${heldBy.join(', ')} |`,
    ),
  ];
}

if (process.argv[1] === import.meta.filename) process.stdout.write(techniquesDocument());
