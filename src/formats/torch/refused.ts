import { BY_CODE } from '#domain/artifact/ways-out.ts';
import type { Failure } from '#domain/failure.ts';
import { ofScript } from '#formats/pickle/globals.ts';
import type { Pickled } from '#formats/pickle/scan.ts';
import { isThing, type Value } from '#formats/pickle/values.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { RESAVE, type TorchArchive } from './archive.ts';
import { torchGlobals } from './globals.ts';
import { scanMember } from './pickled.ts';
import { isTensor, tensorsIn, weighed } from './tensors.ts';

/** A torch pickle has weights, or whole objects, but no code: the failure says which, and gives the owner's remedy. */
export async function refusePickle(archive: TorchArchive): Promise<Failure> {
  const { file, members } = archive;
  const data = members.get('data.pkl');
  if (!data) return rejected(`${file} is a zip of torch without code and without data`, RESAVE);
  const globals = torchGlobals({ hasCode: false });
  const scanned = await scanMember(archive, data, globals).catch((error: unknown) => error);
  const others = globals.others();
  const [other] = others;
  if (others.some((name) => name.startsWith('ultralytics.'))) {
    return rejected(
      `${file} is an Ultralytics model: a pickle of objects of its package, which can run any code when it is loaded`,
      `Export it with \`yolo export model=${file} format=onnx\` (or format=torchscript) and upload that, or ${BY_CODE}.`,
    );
  }
  if (other !== undefined && others.every((name) => LIGHTNING.test(name))) {
    return rejected(
      `${file} is a checkpoint of PyTorch Lightning: the weights of a module without that, and hyper-parameters that are objects`,
      tenLines(file, BY_LIGHTNING),
    );
  }
  if (other !== undefined) {
    return rejected(
      `${file} is a module that was pickled whole: it names ${quoted(other)}, so loading it can run any code, and needs the files in which its classes stood`,
      `Save it with its code: torch.jit.script(module).save("model.pt"), or torch.export.save(torch.export.export(module, args), "model.pt2"); or ${BY_CODE}.`,
    );
  }
  // An unknown class is reported above, since its name says more than the action that failed.
  if (!isPickled(scanned)) throw scanned;
  const { root } = scanned;
  const tensors = tensorsIn(root, archive, 'data');
  const { parameters } = weighed(tensors, archive, 'data');
  const isOfLightning = entriesOf(root).some(([key]) => key === OF_LIGHTNING);
  const checkpoint = isOfLightning ? 'a checkpoint of PyTorch Lightning' : 'a checkpoint';
  const what = isState(root) ? 'the weights of a module (its state_dict)' : checkpoint;
  return rejected(
    `${file} is ${what}, ${tensors.length} tensors of ${parameters.toLocaleString('en-US')} numbers, without the module that they belong to`,
    tenLines(file, isOfLightning ? BY_LIGHTNING : byState(isState(root) ? '' : keyOfState(root))),
  );
}

/** How torch loads one of its pickles: as weights alone; by Lightning, if it is Lightning's checkpoint; or, where it has other objects beside tensors, only by running the code that it names. `ofScript`: the classes that the notebook or script defined which saved it. */
export type LoadedBy = {
  readonly by: 'weights' | 'lightning' | 'whole';
  readonly ofScript: readonly string[];
};

export async function loadedBy(archive: TorchArchive): Promise<LoadedBy> {
  const data = archive.members.get('data.pkl');
  if (!data) return { by: 'weights', ofScript: [] };
  const globals = torchGlobals({ hasCode: false });
  const scanned = await scanMember(archive, data, globals).catch(() => undefined);
  const others = globals.others();
  const isOfLightning =
    isPickled(scanned) && entriesOf(scanned.root).some(([key]) => key === OF_LIGHTNING);
  if (others.length === 0) return { by: isOfLightning ? 'lightning' : 'weights', ofScript: [] };
  const by = others.every((name) => LIGHTNING.test(name)) ? 'lightning' : 'whole';
  return { by, ofScript: ofScript(others) };
}

function isPickled(scanned: unknown): scanned is Pickled {
  return typeof scanned === 'object' && scanned !== null && 'root' in scanned;
}

// The modules of Lightning's objects in a checkpoint, such as its callbacks and hyper-parameters.
const LIGHTNING = /^(pytorch_lightning|lightning|lightning_fabric)\./;
const OF_LIGHTNING = 'pytorch-lightning_version';

export function isState(root: Value): boolean {
  const values = entriesOf(root).map(([, value]) => value);
  return values.length > 0 && values.every(isTensor);
}

export function entriesOf(value: Value): readonly (readonly [string, Value])[] {
  if (!isThing(value)) return [];
  return value.kind === 'dict' || value.kind === 'instance' ? [...(value.entries ?? [])] : [];
}

/** The key of the weights in a checkpoint: `["model_state_dict"]`. */
function keyOfState(root: Value): string {
  const found = entriesOf(root).find(([, value]) => isState(value));
  return found ? `[${JSON.stringify(found[0])}]` : '';
}

/** The lines that load a module's weights from a file of this name. */
type Loading = {
  readonly needs: string;
  /** The easier way, as a clause. */
  readonly first: string;
  lines(file: string): readonly string[];
};

const byState = (key: string): Loading => ({
  needs: 'torch',
  first: 'Save the module with its code (torch.jit.script or torch.export)',
  lines: (file) => [
    `state = torch.load(${file}, map_location="cpu", weights_only=True)${key}`,
    'self.net = Net().eval()',
    'self.net.load_state_dict(state)',
  ],
});

const BY_LIGHTNING: Loading = {
  needs: 'torch and lightning',
  first: 'Call it model.ckpt and upload it in a folder with the class that was trained in model.py',
  lines: (file) => [`self.net = Net.load_from_checkpoint(${file}, map_location="cpu").eval()`],
};

function tenLines(file: string, { needs, first, lines }: Loading): string {
  return [
    `${first}, or put it in a folder with the code of the module, a requirements.txt that names ${needs}, and a predict.py of these lines:`,
    '  import torch',
    '  from model import Net  # the module that was trained',
    '',
    '  class Predictor:',
    '      def setup(self):',
    ...lines(JSON.stringify(file.split('/').at(-1))).map((line) => `          ${line}`),
    '',
    '      def predict(self, inputs):',
    '          with torch.inference_mode():',
    '              return self.net(torch.tensor(inputs, dtype=torch.float32)).tolist()',
  ].join('\n');
}

// The first bytes, in hex.
const LEGACY = /^80028a0a6cfc9c46/;
const PICKLE = /^800[2-5]/;
// The name of the first file in it, or the signature of all tars.
const TAR = /^(storages|tensors|pickle|sys_info)\0|^.{257}ustar/s;

const SAVE_WITH_CODE =
  'Load it where its code is, and save it with torch.jit.script or torch.export; or put it in a folder with a predict.py that loads it';

/** Refuses torch's formats from before its files were zips: a pickle of pickles until 1.5, a tar until 0.1. */
export function refuseOldFile(head: Buffer, file: string): void {
  const hex = head.toString('hex');
  const isTar = TAR.test(head.toString('latin1'));
  if (LEGACY.test(hex)) {
    throw rejected(
      `${file} is a pickle as torch wrote it before 1.6`,
      `${SAVE_WITH_CODE} with weights_only=True.`,
    );
  }
  if (isTar || PICKLE.test(hex)) {
    throw rejected(
      `${file} is ${isTar ? 'a tar, as torch wrote it before 0.2' : 'a pickle of Python, which torch did not write'}`,
      `${SAVE_WITH_CODE}.`,
    );
  }
}

/** Refuses modules from torch before 1.4, which are described by JSON. */
export function refuseOldScript({ file, members }: TorchArchive): void {
  if (!members.has('model.json')) return;
  throw rejected(
    `${file} is TorchScript as torch wrote it before 1.4`,
    'Load it with torch 1.4 to 2.8, and save it again: torch.jit.load("FILE").save("model.pt").',
  );
}
