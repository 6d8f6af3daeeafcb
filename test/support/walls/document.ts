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
    `${ALL.length} files that do harm, each in a way of its own, and which wall of [security.md](security.md) holds each **with the other two taken down**: ${TECHNIQUES.length} in \`test/fixtures/walls\`, ${HOSTILE_TECHNIQUES.length} in \`test/fixtures/pickles/hostile\`. This page is written by \`test/support/walls/document.ts\`, and a test compares it.`,
    '',
    '| wall | alone holds | test |',
    '|---|---|---|',
    `| 1, inspection | ${counts[0]} | \`${TESTS[1]}\`: loads nothing |`,
    `| 2, the loader | ${counts[1]} | \`${TESTS[2]}\`: nothing is inspected, the kernel refuses nothing |`,
    `| 3, the process | ${counts[2]} | \`${TESTS[3]}\`: the frameworks' own loaders, no list of names, no hook |`,
    '',
    'The effect is what was seen with all three taken down, each time in a process and a folder of its own; the last test sees it again. A wall that is not named was seen not to hold; the second has no loader for manifests, requirements, ONNX and tags of YAML, and is not tried on files of torch, Hugging Face, Keras and spaCy, whose engines are too large for these tests. The third holds what it does not prevent within the process: nothing of it is seen outside. What only uses up or ends its process is held there by the limits of that process.',
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
    ...['| technique | effect without walls | held by |', '|---|---|---|'],
    ...rows.map(
      ({ technique, effect, heldBy }) =>
        `| ${technique.replaceAll('|', '\\|')} | ${effect} | ${heldBy.join(', ')} |`,
    ),
  ];
}

if (process.argv[1] === import.meta.filename) process.stdout.write(techniquesDocument());
