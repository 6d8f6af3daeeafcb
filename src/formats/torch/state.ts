import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openTorch } from './archive.ts';
import { fittedInPickle } from './fitted.ts';
import { torchGlobals } from './globals.ts';
import { scanMember } from './pickled.ts';
import { entriesOf, isState } from './refused.ts';
import { tensorsIn, weighed } from './tensors.ts';

const ZIP = 'PK';

/** The weights of a module by their names (its state_dict), as torch saved them, with the places of their numbers. Fails with `ArtifactRejected`, with this remedy, for anything else. */
export async function readState(source: ByteSource, file: string, wayOut: string) {
  const head = Buffer.from(await source.read(0, Math.min(ZIP.length, source.sizeBytes)));
  if (head.toString('latin1') !== ZIP) {
    throw rejected(`${file} is not a zip: torch has written zips since 1.6`, wayOut);
  }
  const archive = await openTorch(source, file);
  const data = archive.members.get('data.pkl');
  if (!data) throw rejected(`${file} is a zip of torch without data`, wayOut);
  const globals = torchGlobals({ hasCode: false });
  const { root } = await scanMember(archive, data, globals);
  if (globals.others().length > 0 || !isState(root)) {
    throw rejected(`${file} holds more than the weights of a module (its state_dict)`, wayOut);
  }
  const tensors = tensorsIn(root, archive, 'data');
  return {
    names: new Set(entriesOf(root).map(([name]) => String(name))),
    ...weighed(tensors, archive, 'data'),
    fitted: await fittedInPickle(tensors, archive, { folder: 'data', hasClasses: false }),
  };
}
