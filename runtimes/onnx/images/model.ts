import type { Asked, Task } from '../language/tasks/task.ts';
import type { Session } from '../session/session.ts';
import type { Tensor } from '../values/tensors.ts';
import { classifierOf, type Labelled } from './classifier.ts';
import type { ImageFolder } from './folder.ts';
import { imageTask, USUAL_TOP } from './task.ts';

/** A model over images: `task` answers base64 as transformers' pipeline does, `labelled` the bytes of one image. */
export type ImageModel = {
  readonly task: Task;
  labelled(bytes: Uint8Array, asked: Asked): Promise<readonly Labelled[]>;
};

/** A session over images instead of tensors, which the tensor protocols can use too. */
export type ImageSession = Session & { readonly images: ImageModel };

export function isImages(session: Session): session is ImageSession {
  return 'images' in session;
}

/** Throws where the network's inputs or outputs are not those of an image classifier. */
export function openImages(session: Session, folder: ImageFolder): ImageSession {
  const classifier = classifierOf(session, folder);
  const task = imageTask(classifier);
  return {
    signature: { inputs: task.inputs, outputs: task.outputs },
    async run({ inputs, outputs }, isGone) {
      const tensors = await task.tensors(inputs, { isGone, cut: 0 });
      return outputs.flatMap((name): Tensor[] => tensors.filter((one) => one.name === name));
    },
    idle: classifier.idle,
    images: {
      task,
      labelled: (bytes, asked) =>
        classifier.labelled(bytes, { what: 'the body', top: USUAL_TOP }, asked),
    },
  };
}
