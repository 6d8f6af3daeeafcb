import { shareOfEach } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { MACHINE } from '../support/walls/canaries.ts';
import { type End, LIMITS, loadedPlainly, loadedWalled } from '../support/walls/python.ts';
import { ALL, type Technique } from '../support/walls/walls.ts';

const MEBIBYTE = 2 ** 20;
// From this version on, Landlock can do everything that the walls need.
const WHOLE_LANDLOCK = 6;
const isWhole = MACHINE.landlock >= WHOLE_LANDLOCK && MACHINE.seccomp && MACHINE.namespaces;

/** The kernel refuses a call whoever makes it: of the files that do the same through the same reader a third is tried. */
const TRIED = shareOfEach(ALL, ({ reader, effect }) => `${reader}: ${effect}`);

process.stdout.write(`${TRIED.length} of ${ALL.length} files; SLIPWAY_SEED=${SEED}\n`);

/** Effects on the process itself: its limits end it, or it ends, and no other process suffers. */
const TO_ITSELF = ['eats memory', 'never ends', 'fills the disk', 'ends its process'];

if (!isWhole) {
  it.skip('walls: this machine lacks some of them, of its kernel or a Python', () => undefined);
}

(isWhole ? describe : describe.skip)(
  'the kernel alone, around the frameworks’ own loaders,',
  () => {
    let ends: readonly End[];
    beforeAll(async () => {
      ends = await loadedWalled(TRIED, MACHINE);
    });

    it('lets nothing out of the process of what it is said to hold', () => {
      const out = seen((technique, end) => holds(technique) && getsOut(end));

      expect(out).toEqual([]);
    });

    it('lets no process have more memory than its limit', () => {
      const large = seen((_, { mebibytes }) => mebibytes > LIMITS.dataBytes / MEBIBYTE);

      expect(large).toEqual([]);
    });

    it('holds nothing of what it is said not to hold', () => {
      const held = seen((technique, end) => !holds(technique) && !getsOut(end));

      expect(held).toEqual([]);
    });

    function seen(is: (technique: Technique, end: End) => boolean) {
      return among(ends, is);
    }
  },
);

describe('without any wall', () => {
  it('each does what is said of it', async () => {
    const ends = await loadedPlainly(TRIED);

    const harmless = among(ends, (_, { harm }) => harm.length === 0);
    expect(harmless).toEqual([]);
  });
});

function among(ends: readonly End[], is: (technique: Technique, end: End) => boolean) {
  return TRIED.flatMap((technique, at) => {
    const end = ends[at];
    if (!end) throw new Error(`${technique.file} was not loaded`);
    return is(technique, end) ? [{ ...technique, ...end }] : [];
  });
}

function getsOut({ harm }: End): boolean {
  return harm.some((each) => !TO_ITSELF.includes(each));
}

function holds({ heldBy }: Technique): boolean {
  return heldBy.includes(3);
}
