import { refusal } from '../refusal.ts';
import type { Session } from '../session/session.ts';
import type { Signature, Tensor, TensorSpec } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { networkOf, type Reading, RUN_TOKENS, takesTokens } from './batches.ts';
import type { Folder } from './folder.ts';
import { openStaticEmbedding } from './static/embedding.ts';
import type { StaticFolder } from './static/folder.ts';
import { type Embedder, features, POOLED } from './tasks/features.ts';
import { fillMask } from './tasks/fill-mask.ts';
import { QUESTION_STRIDE, QUESTION_TOKENS, questionAnswering } from './tasks/question-answering.ts';
import type { Asked, Engine, Single, Task } from './tasks/task.ts';
import { type Ranker, rankerOf, textClassification } from './tasks/text-classification.ts';
import { tokenClassification } from './tasks/token-classification.ts';
import { type Cut, openTokenizer, type Text, type Tokenizing } from './tokens.ts';

/** A model over texts: `task` answers as transformers' pipelines do, it has an `embedder` if it makes vectors, and a `ranker` if it ranks texts. */
export type LanguageModel = {
  readonly folder: Pick<Folder, 'task' | 'maxTokens'>;
  readonly task: Task;
  readonly embedder: Embedder | null;
  readonly ranker: Ranker | null;
};

/** A session over texts instead of tokens, which the tensor protocols can use too. */
export type LanguageSession = Session & { readonly language: LanguageModel };

export const MOST_TEXTS = 2048;
// A score for each token of the vocabulary takes as much as a hundred hidden states.
const MASK_RUN_TOKENS = 256;

const OUTPUTS: Readonly<Record<Folder['task'], readonly string[]>> = {
  'text-classification': ['logits'],
  'token-classification': ['logits'],
  'question-answering': ['start_logits', 'end_logits'],
  'fill-mask': ['logits'],
  'feature-extraction': [POOLED, 'last_hidden_state', 'token_embeddings'],
};

export function isLanguage(session: Session): session is LanguageSession {
  return 'language' in session;
}

/** Rejects where the network's inputs or outputs are not those of its task. */
export async function openLanguage(session: Session, folder: Folder): Promise<LanguageSession> {
  refuseOther(session.signature, folder);
  const tokenizing = await openTokenizer(folder, cutOf(folder));
  const outputs = outputsOf(session.signature, folder);
  const engine = engineOf(session, tokenizing, { folder, outputs });
  const embedder = folder.task === 'feature-extraction' ? features(engine) : null;
  const task = embedder ?? taskOf(engine, tokenizing);
  return answering({ folder, task, embedder, ranker: rankerOf(engine) }, session.idle);
}

/** Opens vectors of tokens, for which no network runs. Rejects where the tokenizer has tokens without one. */
export async function openStatic(folder: StaticFolder): Promise<LanguageSession> {
  const task = await openStaticEmbedding(folder);
  const { maxTokens } = folder;
  const own = { task: 'feature-extraction', maxTokens } as const;
  return answering({ folder: own, task, embedder: task, ranker: null }, async () => undefined);
}

function answering(language: LanguageModel, idle: Session['idle']): LanguageSession {
  const { task } = language;
  return {
    signature: { inputs: task.inputs, outputs: task.outputs },
    async run({ inputs, outputs: wanted }, isGone) {
      const texts = inputs[0]?.data.length ?? 0;
      refuseMany(texts);
      const tensors = await task.tensors(inputs, { isGone, cut: 0 });
      return wanted.flatMap((name): Tensor[] => tensors.filter((each) => each.name === name));
    },
    idle,
    language,
  };
}

export function refuseMany(count: number): void {
  if (count <= MOST_TEXTS) return;
  throw refusal(400, worded('tooManyTexts', count, MOST_TEXTS));
}

function taskOf(engine: Engine, tokenizing: Tokenizing): Task {
  const { task } = engine.folder;
  if (task === 'token-classification') return tokenClassification(engine, tokenizing);
  if (task === 'question-answering') return questionAnswering(engine);
  if (task === 'fill-mask') return fillMask(engine, tokenizing);
  return textClassification(engine);
}

function cutOf({ task, maxTokens }: Folder): Cut {
  if (task !== 'question-answering') return { maxTokens };
  const most = Math.min(maxTokens ?? QUESTION_TOKENS, QUESTION_TOKENS);
  return { maxTokens: most, stride: Math.min(Math.floor(most / 2), QUESTION_STRIDE) };
}

function refuseOther({ inputs }: Signature, { modelPath }: Folder): void {
  if (takesTokens(inputs)) return;
  const names = inputs.map(({ name }) => name).join(', ');
  throw new Error(`${modelPath} takes ${names}; a model over texts takes input_ids and its masks`);
}

function outputsOf({ outputs }: Signature, { task, modelPath }: Folder): readonly TensorSpec[] {
  const wanted = OUTPUTS[task].flatMap((name) => outputs.filter((each) => each.name === name));
  const found = task === 'feature-extraction' ? wanted.slice(0, 1) : wanted;
  const needed = task === 'question-answering' ? 2 : 1;
  if (found.length >= needed) return found;
  const names = outputs.map(({ name }) => name).join(', ');
  throw new Error(`${modelPath} answers ${names}; ${task} needs ${OUTPUTS[task].join(' or ')}`);
}

type Of = Pick<Engine, 'folder' | 'outputs'>;

function engineOf(session: Session, tokenizing: Tokenizing, { folder, outputs }: Of): Engine {
  const network = networkOf(session, tokenizing.padId, readingOf(folder, outputs));
  async function pieces(
    texts: readonly Text[],
    asked: Asked,
  ): Promise<readonly (readonly Single[])[]> {
    refuseMany(texts.length);
    const encoded = await tokenizing.encode(texts);
    asked.cut += encoded.filter(([first]) => first?.isCut).length;
    const flat = encoded.flat();
    const answers = await network(flat, asked.isGone);
    const singles = flat.map(
      (tokens, at): Single => ({ tokens, answer: answers[at] ?? new Map() }),
    );
    const starts = encoded.map((_, at) => encoded.slice(0, at).flat().length);
    return encoded.map(({ length }, at) => singles.slice(starts[at], (starts[at] ?? 0) + length));
  }
  return {
    folder,
    outputs,
    pieces,
    run: async (texts, asked) => (await pieces(texts, asked)).flatMap((each) => each.slice(0, 1)),
  };
}

function readingOf({ task, isPadded }: Folder, outputs: readonly TensorSpec[]): Reading {
  const names = outputs.map(({ name }) => name);
  return {
    outputs: names,
    isByToken: task !== 'text-classification' && names[0] !== POOLED,
    runTokens: task === 'fill-mask' ? MASK_RUN_TOKENS : RUN_TOKENS,
    isPadded,
  };
}
