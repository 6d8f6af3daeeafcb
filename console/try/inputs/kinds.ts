import type { FunctionComponent } from 'preact';
import type { Form } from '../form.ts';
import type { InputProps } from './input.ts';
import { FileInput, PictureInput } from './picture-input.ts';
import { RasterInput } from './raster-input.ts';
import { SoundInput } from './sound-input.ts';
import { TableInput } from './table-input.ts';
import {
  CompletionInput,
  JsonInput,
  LabelsInput,
  QuestionInput,
  RankingInput,
  SimilarityInput,
  TextInput,
} from './text-inputs.ts';

type Inputs = {
  readonly [Kind in Exclude<Form['kind'], 'chat'>]: FunctionComponent<
    InputProps<Extract<Form, { readonly kind: Kind }>>
  >;
};

/** The part of the page for each way to ask; a chat is a page of its own. */
export const INPUTS: Inputs = {
  completion: CompletionInput,
  similarity: SimilarityInput,
  ranking: RankingInput,
  text: TextInput,
  labels: LabelsInput,
  question: QuestionInput,
  picture: PictureInput,
  file: FileInput,
  drawing: RasterInput,
  raster: RasterInput,
  sound: SoundInput,
  table: TableInput,
  json: JsonInput,
};

export const TITLES: Readonly<Record<Form['kind'], string>> = {
  chat: 'Chat',
  completion: 'Completion',
  similarity: 'Similarity',
  ranking: 'Ranking',
  text: 'Text',
  labels: 'Labels of your own',
  question: 'Question',
  picture: 'Picture',
  file: 'File',
  drawing: 'Draw',
  raster: 'Picture',
  sound: 'Sound',
  table: 'Table',
  json: 'JSON',
};
